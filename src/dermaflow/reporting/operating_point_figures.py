"""Figure of the operating points: what was asked, what validation had, what the test split got."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from matplotlib.figure import Figure

from dermaflow.ml.evaluation.estimate import Scores
from dermaflow.ml.evaluation.operating_points import MEASURES
from dermaflow.ml.evaluation.predictions import Predictions
from dermaflow.reporting.draw_estimates import describe_intervals, draw_share
from dermaflow.reporting.evaluation_figures import describe_split
from dermaflow.reporting.style import (
    INK,
    QUIET,
    class_colours,
    class_name,
    lay_out_shares,
    new_figure,
    styled,
)

_RING: dict[str, Any] = {
    "color": QUIET,
    "markerfacecolor": "none",
    "markersize": 9,
    "clip_on": False,
}


@styled
def draw_operating_points(
    test: Predictions,
    scores: Scores,
    points: Mapping[str, Mapping[str, Any]],
    confidence: float,
) -> Figure:
    """A row a point, a panel a measure.

    Args:
        test: predictions of the test split.
        scores: its metrics; what is absent is left blank.
        points: at least one; as the decision rule has them.
        confidence: of the intervals among ``scores``.
    """
    caption = f"{describe_split(test)}. Thresholds chosen on validation.\n"
    caption += "Dot: test; ring: validation; line: what was asked of validation"
    drawn = [scores.get(f"{name}/{measure}") for name in points for measure in MEASURES]
    caption = f"{caption}\n{describe_intervals(drawn, confidence)}".rstrip()
    figure, axes = new_figure(
        10,
        1.7 + 0.55 * len(points),
        "What do the chosen thresholds do?",
        caption,
        columns=len(MEASURES),
        sharey=True,
        gridspec_kw={"wspace": 0.14},
    )
    colours = class_colours(test.classes)
    for axis, measure in zip(axes[0], MEASURES, strict=True):
        axis.set_title(measure.capitalize())
        for row, (name, point) in enumerate(points.items()):
            if measure in point:
                axis.vlines(point[measure], row - 0.3, row + 0.3, color=INK, linewidth=1.2)
            draw_share(axis, row, scores.get(f"{name}/{measure}"), colours[point["class"]])
            if measure in point["validation"]:
                axis.plot(point["validation"][measure], row, "o", **_RING)
        lay_out_shares(axis)
    names = [
        f"{name}\n{class_name(point['class'])}: p ≥ {point['threshold']:.4f}"
        for name, point in points.items()
    ]
    axes[0, 0].set_yticks(range(len(names)), names)
    axes[0, 0].set_ylim(len(names) - 0.5, -0.5)
    return figure
