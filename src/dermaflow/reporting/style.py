"""The one look of the project's figures: palette, type sizes and how a figure begins."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from types import MappingProxyType
from typing import Any, ParamSpec, TypeVar

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from numpy.typing import NDArray

from dermaflow.schema import CLASS_NAMES

_NAMED: ContextVar[Mapping[str, str]] = ContextVar("names", default=MappingProxyType({}))

P = ParamSpec("P")
T = TypeVar("T")

INK = "#222222"  # text and whatever the eye should find first
QUIET = "#6b6b6b"  # axes, captions, second thoughts
FAINT = "#d9d9d9"  # grids and frames
ACCENT = "#0072b2"  # the one colour of figures that do not tell classes apart
WARNING = "#d55e00"  # the other side of a comparison, and what deserves a second look

# Okabe and Ito's colours, told apart with every common colour blindness (Wong 2011,
# doi:10.1038/nmeth.1618), less the yellow, which vanishes on white.
CLASS_COLOURS = {
    "akiec": "#0072b2",
    "bcc": "#e69f00",
    "bkl": "#009e73",
    "df": "#222222",
    "mel": "#d55e00",
    "nv": "#56b4e9",
    "vasc": "#cc79a7",
}
# For class codes not listed above, once the colours of absent classes are used up.
_SPARE_COLOURS = ("#332288", "#882255", "#999933", "#661100", "#44aa99", "#ddcc77", "#8a8a8a")

# Near white to deep blue, even in lightness; for shares in [0, 1].
SHARE_MAP = LinearSegmentedColormap.from_list(
    "share", ["#f4f7f9", "#d3e5f3", "#86bbdf", "#3a87bd", "#0b4f82"]
)

# Any: newer matplotlib types the keys as a Literal that older releases do not have.
RC_PARAMS: Any = {
    "axes.axisbelow": True,
    "axes.edgecolor": QUIET,
    "axes.grid": True,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.8,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "font.family": "sans-serif",
    "font.size": 9,
    "grid.color": FAINT,
    "grid.linewidth": 0.6,
    "legend.fontsize": 8.5,
    "legend.frameon": False,
    "lines.linewidth": 1.8,
    "text.color": INK,
    "text.parse_math": False,  # a `$` in a name that comes with the data begins no formula
    "xtick.color": QUIET,
    "xtick.labelcolor": INK,
    "ytick.color": QUIET,
    "ytick.labelcolor": INK,
}

_HEADER_TITLE = 13.0  # points
_HEADER_CAPTION = 9.0


def house_style() -> AbstractContextManager[None]:
    """Context in which new artists take the project's defaults; nothing stays changed after it."""
    context: AbstractContextManager[None] = rc_context(RC_PARAMS)
    return context


def styled(draw: Callable[P, T]) -> Callable[P, T]:
    """Decorate a drawing function so that all of it runs in ``house_style``."""
    decorated: Callable[P, T] = rc_context(RC_PARAMS)(draw)
    return decorated


def new_figure(
    width: float,
    height: float,
    title: str = "",
    caption: str = "",
    *,
    rows: int = 1,
    columns: int = 1,
    **subplots: Any,
) -> tuple[Figure, NDArray[Any]]:
    """A figure with a left-aligned heading above a grid of axes that constrained layout places.

    Args:
        width: in inches; 1 inch is 120 pixels in the written PNG.
        height: in inches, heading included.
        title: bold; says what the figure shows.
        caption: smaller, below the title; may hold line breaks.
        rows: of axes.
        columns: of axes.
        subplots: passed to ``Figure.subplots``, such as ``sharey`` or ``width_ratios``.

    Returns:
        The figure and its axes, an object array (rows, columns).
    """
    with house_style():
        figure = Figure(figsize=(width, height), layout=ConstrainedLayoutEngine())
        axes = np.asarray(figure.subplots(rows, columns, squeeze=False, **subplots))
        _add_heading(figure, title, caption)
    return figure, axes


def _add_heading(figure: Figure, title: str, caption: str) -> None:
    """Write title and caption at the top, and keep the layout engine out of their strip."""
    height = figure.get_figheight()
    offset = 0.08  # inches from the top edge
    for text, size, weight in (
        (title, _HEADER_TITLE, "bold"),
        (caption, _HEADER_CAPTION, "normal"),
    ):
        if text:
            colour = INK if weight == "bold" else QUIET
            y = 1 - offset / height
            figure.text(0.01, y, text, size=size, weight=weight, color=colour, va="top")
            offset += (text.count("\n") + 1) * size * 1.3 / 72 + 0.04
    if title or caption:
        engine = figure.get_layout_engine()
        assert isinstance(engine, ConstrainedLayoutEngine)
        engine.set(rect=(0, 0, 1, 1 - (offset + 0.08) / height))


def class_colours(classes: Sequence[str]) -> dict[str, str]:
    """A colour for each class code; the known codes keep theirs whatever else is listed."""
    free = [colour for code, colour in CLASS_COLOURS.items() if code not in classes]
    free += _SPARE_COLOURS
    unknown = [code for code in classes if code not in CLASS_COLOURS]
    chosen = {code: free[number % len(free)] for number, code in enumerate(unknown)}
    return {code: CLASS_COLOURS.get(code) or chosen[code] for code in classes}


def class_name(code: str) -> str:
    """The class in words, such as ``Melanoma`` for ``mel``; an unknown code stays as it is."""
    return _NAMED.get().get(code) or CLASS_NAMES.get(code, code)


@contextmanager
def naming_classes(names: Mapping[str, str]) -> Iterator[None]:
    """Have ``class_name`` know more names in the block, which go first: code -> name."""
    token = _NAMED.set(names)
    try:
        yield
    finally:
        _NAMED.reset(token)


def readable_on(fill: float) -> str:
    """Colour of text that stays legible on ``SHARE_MAP`` at the share ``fill`` in [0, 1]."""
    return "#ffffff" if fill > 0.7 else INK


def lay_out_shares(axes: Axes) -> None:
    """Make axes for shares in [0, 1], one a row, with room for the row's name and its number."""
    axes.set_xlim(0, 1)
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "", ".5", "", "1"])
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0, pad=8)
    axes.grid(axis="y", visible=False)


def label_axes(axes: Axes, x: str, y: str, title: str = "") -> None:
    """Set both axis labels and the panel's title."""
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    if title:
        axes.set_title(title)
