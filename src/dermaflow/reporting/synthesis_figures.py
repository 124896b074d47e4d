"""Figures of the synthetic images."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from dermaflow.reporting.style import ACCENT, QUIET, class_name, label_axes, new_figure, styled

Images = NDArray[np.uint8]

# Pixels between two tiles of a contact sheet.
GAP = 2


@styled
def draw_class_counts(train: pd.DataFrame, synthetic: pd.DataFrame) -> Figure:
    """Training images of each class: real, and synthetic on top where there are any."""
    counts = pd.DataFrame(
        {"real": train["label"].value_counts(), "synthetic": synthetic["label"].value_counts()}
    )
    counts = counts.fillna(0).astype(int).sort_values("real")
    names = [class_name(code) for code in counts.index]
    figure, grid = new_figure(8, 3.8, "Training images by class")
    axes = grid[0, 0]
    axes.barh(names, counts["real"], color=QUIET, label="real")
    if counts["synthetic"].any():
        axes.barh(names, counts["synthetic"], left=counts["real"], color=ACCENT, label="synthetic")
        axes.legend(loc="lower right")
    for row, (real, made) in enumerate(zip(counts["real"], counts["synthetic"], strict=True)):
        axes.text(real + made, row, f"  {real}" + (f" + {made}" if made else ""), va="center")
    label_axes(axes, "images", "")
    axes.grid(visible=False, axis="y")
    axes.margins(x=0.12)
    return figure


@styled
def draw_side_by_side(code: str, real: Images, synthetic: Images) -> Figure:
    """Training images of a class on the left, generated ones on the right.

    Args:
        code: class code.
        real, synthetic: uint8 (N, H, W, 3).
    """
    sheets = contact_sheet(real, 4), contact_sheet(synthetic, 4)
    steepest = max(sheet.shape[0] / sheet.shape[1] for sheet in sheets)
    figure, axes = new_figure(9, 0.8 + 4.4 * steepest, class_name(code), columns=2)
    left, right = axes[0]
    _show_sheet(left, sheets[0], f"real training images ({len(real)} shown)")
    _show_sheet(right, sheets[1], f"generated ({len(synthetic)} shown)")
    return figure


@styled
def draw_progress(code: str, grid: Images) -> Figure:
    """The same noise at growing training steps, one row a moment.

    Args:
        code: class code.
        grid: uint8 (rows, columns, S, S, 3).
    """
    rows, columns = grid.shape[:2]
    figure, axes = new_figure(
        8,
        0.9 + rows,
        f"{class_name(code)}: the generator while it is fitted",
        "the same noise in every row, from early (top) to the generator that was kept (bottom)",
    )
    _show_sheet(axes[0, 0], contact_sheet(grid.reshape(-1, *grid.shape[2:]), columns))
    return figure


def contact_sheet(images: Images, columns: int) -> Images:
    """Tile uint8 (N, H, W, 3) into one image, ``columns`` a row, white between and after."""
    count, height, width, channels = images.shape
    rows = -(-count // columns)
    sheet = np.full(
        (rows * (height + GAP) - GAP, columns * (width + GAP) - GAP, channels), 255, np.uint8
    )
    for number, image in enumerate(images):
        top, left = (number // columns) * (height + GAP), (number % columns) * (width + GAP)
        sheet[top : top + height, left : left + width] = image
    return sheet


def _show_sheet(axes: Axes, sheet: Images, title: str = "") -> None:
    axes.imshow(sheet, interpolation="nearest")
    axes.set_title(title)
    axes.axis("off")
