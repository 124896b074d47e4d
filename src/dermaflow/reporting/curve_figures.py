"""ROC and precision-recall curves, one class against the rest a panel."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dermaflow.ml.evaluation.estimate import Scores
from dermaflow.ml.evaluation.estimate_text import format_interval, format_value
from dermaflow.ml.evaluation.predictions import Floats, Predictions
from dermaflow.reporting.class_curves import ClassCurves, class_curves, point_rates
from dermaflow.reporting.evaluation_figures import describe_split
from dermaflow.reporting.style import (
    FAINT,
    INK,
    QUIET,
    class_colours,
    class_name,
    new_figure,
    styled,
)


@styled
def draw_roc(test: Predictions, scores: Scores, points: Mapping[str, str]) -> Figure:
    """One ROC curve (one class against the rest) a panel, the other classes faint behind it.

    Args:
        test: predictions of the test split.
        scores: its metrics.
        points: operating point -> its class, in whose panel it is marked.
    """
    figure, panels = _new_panels(
        test,
        "Does a class score higher where it is the truth? (ROC)",
        f"Each class against the rest, the others in grey. Dashed: chance{_legend(points)}",
        ("False positive rate", "True positive rate"),
    )
    curves = {code: found.roc for code, found in _curves(test).items()}
    for code, axis in panels.items():
        _draw_curves(axis, curves, code, test)
        axis.plot([0, 1], [0, 1], color=QUIET, linewidth=1, linestyle=(0, (4, 3)))
        for rates in point_rates(scores, _of_class(points, code)):
            _mark(axis, 1 - rates["specificity"], rates["recall"])
        area = scores.get(f"{code}/auc")
        if area:
            text = f"AUC {format_value(area)}\n{format_interval(area)}"
            axis.text(0.97, 0.04, text.strip(), ha="right", linespacing=1.4)
    return figure


@styled
def draw_precision_recall(test: Predictions, scores: Scores, points: Mapping[str, str]) -> Figure:
    """One precision-recall curve a panel, with the class's share of the images as chance.

    Args:
        test: predictions of the test split.
        scores: its metrics.
        points: operating point -> its class, in whose panel it is marked.
    """
    figure, panels = _new_panels(
        test,
        "What does finding more of a class cost? (precision and recall)",
        "Each class against the rest, the others in grey. Dashed: chance, the class's share"
        f"{_legend(points)}",
        ("Recall", "Precision"),
    )
    curves = {code: found.precision_recall for code, found in _curves(test).items()}
    for number, (code, axis) in enumerate(panels.items()):
        _draw_curves(axis, curves, code, test, drawstyle="steps-pre")
        share = float(np.mean(test.labels == number))
        axis.axhline(share, color=QUIET, linewidth=1, linestyle=(0, (4, 3)))
        for rates in point_rates(scores, _of_class(points, code)):
            _mark(axis, rates["recall"], rates["precision"])
    return figure


def _legend(points: Mapping[str, str]) -> str:
    return ".\nDots: operating points, whose thresholds validation chose" if points else ""


def _of_class(points: Mapping[str, str], code: str) -> list[str]:
    return [name for name, of_class in points.items() if of_class == code]


def _mark(axis: Axes, x: float, y: float) -> None:
    axis.plot(x, y, "o", color=INK, markersize=5, clip_on=False, zorder=4)


def _curves(test: Predictions) -> dict[str, ClassCurves]:
    """Curves of the classes that have some."""
    found = {code: class_curves(test, code) for code in test.classes}
    return {code: curves for code, curves in found.items() if curves}


def _new_panels(
    test: Predictions, title: str, note: str, labels: tuple[str, str]
) -> tuple[Figure, dict[str, Axes]]:
    """A square panel a class, titled with name and number of images; ``labels`` of x and y."""
    columns = min(4, len(test.classes))
    rows = ceil(len(test.classes) / columns)
    figure, axes = new_figure(
        0.6 + 2.5 * columns,
        1.0 + 2.8 * rows,
        title,
        f"{describe_split(test)}. {note}",
        rows=rows,
        columns=columns,
        sharex=True,
        sharey=True,
    )
    for axis in axes.flat[len(test.classes) :]:
        axis.set_axis_off()
    panels = dict(zip(test.classes, axes.flat, strict=False))
    counts = np.bincount(test.labels, minlength=len(test.classes))
    for number, (code, axis) in enumerate(panels.items()):
        axis.set(xlim=(0, 1), ylim=(0, 1.005), aspect="equal")
        axis.set_title(class_name(code), size=9.5)
        axis.set_title(f"n={counts[number]:,}", size=9, loc="right", color=QUIET, weight="normal")
        ticks = [0, 0.25, 0.5, 0.75, 1]
        axis.set_xticks(ticks, ["0", "", ".5", "", "1"])
        axis.set_yticks(ticks, ["0", "", ".5", "", "1"])
        axis.tick_params(labelbottom=True)
        if number >= len(panels) - columns:
            axis.set_xlabel(labels[0])
        if number % columns == 0:
            axis.set_ylabel(labels[1])
    return figure, panels


def _draw_curves(
    axis: Axes,
    curves: Mapping[str, tuple[Floats, Floats]],
    chosen: str,
    test: Predictions,
    drawstyle: Literal["default", "steps-pre"] = "default",
) -> None:
    for code, (x, y) in curves.items():
        if code != chosen:
            axis.plot(x, y, color=FAINT, linewidth=0.9, drawstyle=drawstyle)
    if chosen in curves:
        colour = class_colours(test.classes)[chosen]
        axis.plot(*curves[chosen], color=colour, drawstyle=drawstyle, clip_on=False, zorder=3)
    else:
        axis.text(0.5, 0.5, "no images", ha="center", va="center", color=QUIET)
