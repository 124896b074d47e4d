"""A figure of how fast the training is, and what memory it takes."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dermaflow.reporting.style import ACCENT, INK, QUIET, WARNING, label_axes, new_figure, styled

_COLOURS = (QUIET, ACCENT, INK, WARNING)


@styled
def draw_grid(grid: pd.DataFrame, machine: str) -> Figure:
    """Images a second, their share of the ceiling and memory over the size of images.

    Args:
        grid: a row a point, see ``measure_grid``.
        machine: what it was measured on.
    """
    figure, axes = new_figure(
        11,
        4.3,
        "How fast does the classifier train?",
        f"{machine}\n"
        "The ceiling: forward, backward and optimizer step alone, timed in turns with the loop "
        "(median of the pairs, 95% interval)",
        columns=3,
    )
    speed, share, memory = axes[0]
    alone = grid[grid["processes"] == 1]
    for (batch, rows), colour in zip(alone.groupby("batch"), _COLOURS, strict=False):
        look = {"color": colour, "marker": "o", "markersize": 4, "label": f"batch {batch}"}
        speed.plot(rows["pixels"], rows["images_per_s"], **look)
        memory.plot(rows["pixels"], rows["peak_mib"] / 1024, **look)
        share.plot(rows["pixels"], rows["ceiling_ratio"], **look)
        share.fill_between(
            rows["pixels"],
            rows["ceiling_ratio_low"],
            rows["ceiling_ratio_high"],
            color=colour,
            alpha=0.12,
            linewidth=0,
        )
    for (number, batch), rows in grid[grid["processes"] > 1].groupby(["processes", "batch"]):
        look = {"color": WARNING, "marker": "s", "markersize": 4, "linestyle": (0, (4, 2))}
        look["label"] = f"batch {batch}, {number} processes"
        speed.plot(rows["pixels"], rows["images_per_s"], **look)
        memory.plot(rows["pixels"], rows["peak_mib"] / 1024, **look)
    speed.set_yscale("log")
    for formatted in (speed.yaxis.set_major_formatter, speed.yaxis.set_minor_formatter):
        formatted("{x:g}")
    share.set_ylim(
        min(0.8, float(grid["ceiling_ratio_low"].min())),
        max(1.05, float(grid["ceiling_ratio_high"].max())),
    )
    share.axhline(1, color=QUIET, linewidth=1, linestyle=":")
    memory.set_ylim(bottom=0)
    label_axes(speed, "side of the image, pixels", "images/s", "Speed")
    label_axes(share, "side of the image, pixels", "share", "Share of the ceiling")
    label_axes(memory, "side of the image, pixels", "GiB", "Peak memory")
    for axis in axes[0]:
        _tick_sizes(axis, grid)
    speed.legend()
    return figure


def _tick_sizes(axis: Axes, grid: pd.DataFrame) -> None:
    sizes = sorted(grid["pixels"].unique())
    axis.set_xticks(sizes, [str(size) for size in sizes])
