"""Figures of a comparison; narrow, so that a phone shows them at a legible size.

A run is drawn by its label and id alone: its name is free text, which matplotlib might read as
mathematics.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from dermaflow.ml.evaluation.estimate import Estimate
from dermaflow.ml.evaluation.estimate_text import INSUFFICIENT, NOT_ESTIMABLE
from dermaflow.reporting.comparison.content import CURVES, Comparison
from dermaflow.reporting.draw_estimates import MARK, write_mark
from dermaflow.reporting.style import CLASS_COLOURS, INK, label_axes, new_figure, styled

# Told apart by shade, hue and shape. The first run is dark, like the line that the rest is read by.
RUN_COLOURS = (INK, *(colour for colour in CLASS_COLOURS.values() if colour != INK))
_MARKERS = "osD^vPX"
_WIDTH = 4.6  # inches
_SPREAD = 0.62  # of a row's height, shared by its runs

Row = list[tuple[int, Estimate]]  # number of the run, and its figure


@styled
def draw_differences(comparison: Comparison, names: Mapping[str, str], title: str) -> Figure | None:
    """Forest plot of the paired differences from the first run; None where there are none.

    Args:
        comparison: of runs.
        names: metric -> words, in the order of the rows.
        title: of the figure.
    """
    numbers = {run.label: number for number, run in enumerate(comparison.runs)}
    rows: dict[str, Row] = {
        text: [
            (numbers[difference.run], difference.estimates[name])
            for difference in comparison.differences
            if name in difference.estimates
        ]
        for name, text in names.items()
    }
    first = comparison.runs[0].label
    caption = f"Each run less {first}, on common test images, with {comparison.interval_name}.\n"
    caption += "Filled: the interval excludes 0"
    drawn = _draw_rows(comparison, rows, title, caption, hollow=True)
    if drawn is None:
        return None
    figure, axis = drawn
    axis.axvline(0, color=RUN_COLOURS[0], linewidth=1.2, zorder=1)
    reach = max(abs(bound) for bound in axis.get_xlim())
    axis.set_xlim(-reach, reach)
    axis.xaxis.set_major_locator(MaxNLocator(5, symmetric=True))
    axis.xaxis.set_major_formatter(lambda x, _: f"{x:+.2g}".replace("-", "−") if x else "0")
    axis.set_xlabel(f"← lower than {first}        higher than {first} →")
    return figure


@styled
def draw_scores(comparison: Comparison, names: Mapping[str, str], title: str) -> Figure | None:
    """Metrics of the whole test splits side by side; None where no run has any. See above."""
    rows: dict[str, Row] = {
        text: [
            (number, run.scores[name])
            for number, run in enumerate(comparison.runs)
            if name in run.scores
        ]
        for name, text in names.items()
    }
    caption = f"Whole test splits, with {comparison.interval_name}"
    drawn = _draw_rows(comparison, rows, title, caption, hollow=False)
    if drawn is None:
        return None
    figure, axis = drawn
    axis.set_xlim(0, 1)
    return figure


@styled
def draw_curve(comparison: Comparison, name: str) -> Figure | None:
    """A metric's history in each run that has one, overlaid; None where no run has."""
    drawn = [(number, run) for number, run in enumerate(comparison.runs) if run.curves.get(name)]
    if not drawn:
        return None
    figure, axes = new_figure(_WIDTH, 3.4, CURVES[name])
    axis = axes[0, 0]
    for number, run in drawn:
        steps, values = zip(*run.curves[name], strict=True)
        every = max(1, len(steps) // 12)  # marked points, which tell runs apart without colour
        axis.plot(
            steps,
            values,
            color=RUN_COLOURS[number],
            marker=_MARKERS[number],
            markersize=4,
            markevery=every,
            label=run.tag,
        )
    label_axes(axis, "training step", CURVES[name].split(" ", 1)[1])
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    axis.legend()
    return figure


def _draw_rows(
    comparison: Comparison, rows: Mapping[str, Row], title: str, caption: str, *, hollow: bool
) -> tuple[Figure, Axes] | None:
    """A row a metric, in it a dot with its interval for each run; None where all are empty.

    ``hollow``: dots whose interval holds 0 are not filled.
    """
    rows = {text: row for text, row in rows.items() if row}
    if not rows:
        return None
    shown = sorted({number for row in rows.values() for number, _ in row})
    if any(estimate.not_estimable for row in rows.values() for _, estimate in row):
        caption += f"\n{MARK}: {NOT_ESTIMABLE}"
    height = 1.5 + 0.2 * ceil(len(shown) / 2) + len(rows) * (0.24 + 0.13 * len(shown))
    figure, axes = new_figure(_WIDTH, height, title, caption)
    axis: Axes = axes[0, 0]
    for place, row in enumerate(rows.values()):
        for number, estimate in row:
            offset = _SPREAD * ((shown.index(number) + 0.5) / len(shown) - 0.5)
            filled = estimate.excludes_zero or not hollow
            _draw_estimate(axis, place + offset, number, estimate, filled=filled)
    axis.set_yticks(range(len(rows)), list(rows))
    axis.set_ylim(len(rows) - 0.5, -0.5)
    axis.tick_params(axis="y", length=0, pad=8)
    axis.grid(axis="y", visible=False)
    axis.spines["left"].set_visible(False)
    for number in shown:
        style: Any = {"marker": _MARKERS[number], "color": RUN_COLOURS[number], "linestyle": "none"}
        axis.plot([], [], label=comparison.runs[number].tag, **style)
    figure.legend(loc="outside lower left", ncols=2)
    return figure, axis


def _draw_estimate(
    axis: Axes, place: float, number: int, estimate: Estimate, *, filled: bool
) -> None:
    colour = RUN_COLOURS[number]
    if estimate.insufficient:
        across = axis.get_yaxis_transform()
        axis.text(0.02, place, INSUFFICIENT, color=colour, size=7, va="center", transform=across)
        return
    if estimate.interval:
        axis.hlines(place, *estimate.interval, color=colour, linewidth=1.6)
    if estimate.not_estimable:
        write_mark(axis, estimate.value, place, (7, -3))
    axis.plot(
        estimate.value,
        place,
        _MARKERS[number],
        color=colour,
        markerfacecolor=colour if filled else "white",
        markersize=6,
        clip_on=False,
    )
