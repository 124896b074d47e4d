"""What a figure holds, read from its matplotlib artists."""

import numpy as np
from matplotlib.colors import to_hex

from dermaflow.reporting.synthesis_figures import GAP


def panel(figure, title):
    """The axes with that title on their left."""
    (found,) = (axes for axes in figure.axes if axes.get_title(loc="left") == title)
    return found


def texts(axes):
    """Texts within axes, in the order in which they were written."""
    return [text.get_text() for text in axes.texts]


def heading(figure):
    """Title and caption of a figure; the caption is empty where there is none."""
    title, *caption = (text.get_text() for text in figure.texts)
    return title, "".join(caption)


def lines_of(axes, colour):
    """Lines of a colour that are neither dashed nor single points."""
    return [
        line
        for line in axes.lines
        if line.get_color() == colour and line.get_linestyle() == "-" and len(line.get_xdata()) > 1
    ]


def points_of(axes, marker="o"):
    """Places of single marked points, as (x, y)."""
    return [
        tuple(map(float, line.get_xydata()[0]))
        for line in axes.lines
        if line.get_marker() == marker and len(line.get_xdata()) == 1
    ]


def segments(axes):
    """Ends of every bar that ``hlines`` or ``vlines`` drew: float (N, 2, 2)."""
    drawn = [segment for lines in axes.collections for segment in lines.get_segments()]
    return np.array(drawn).reshape(-1, 2, 2)


def tick_names(axis):
    """Names at the ticks of an x or y axis."""
    return [label.get_text() for label in axis.get_ticklabels()]


def colours(patches):
    """Colours of bars, as ``#rrggbb``."""
    return [to_hex(patch.get_facecolor()) for patch in patches]


def tile_shades(sheet, height, width):
    """Grey level of each tile of a contact sheet in reading order; 255 where there is none."""
    tiles = [
        sheet[top : top + height, left : left + width]
        for top in range(0, sheet.shape[0], height + GAP)
        for left in range(0, sheet.shape[1], width + GAP)
    ]
    assert all((tile == tile[0, 0, 0]).all() for tile in tiles)
    return [int(tile[0, 0, 0]) for tile in tiles]


def pictures(axes):
    """Pixels of each picture that axes show, the lowest first."""
    return [np.asarray(image.get_array()) for image in axes.get_images()]
