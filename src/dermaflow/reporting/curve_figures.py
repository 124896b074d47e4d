"""ROC and precision-recall curves, one class against the rest a panel."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import ceil
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dermaflow.ml.evaluation.curves import Ranking, precision_recall_curve, rank, roc_curve
from dermaflow.ml.evaluation.estimate import Scores
from dermaflow.ml.evaluation.operating_points import MEASURES
from dermaflow.ml.evaluation.predictions import Floats, Predictions
from dermaflow.reporting.evaluation_figures import describe_split, format_interval
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
    curves = {}
    for code, ranking in _rankings(test).items():
        false, true = roc_curve(ranking)
        curves[code] = (false[0], true[0])
    for code, axis in panels.items():
        _draw_curves(axis, curves, code, test)
        axis.plot([0, 1], [0, 1], color=QUIET, linewidth=1, linestyle=(0, (4, 3)))
        for rates in _rates(scores, points, code):
            _mark(axis, 1 - rates["specificity"], rates["recall"])
        area = scores.get(f"{code}/auc")
        if area:
            text = f"AUC {area.value:.3f}\n{format_interval(area)}"
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
    curves = {}
    for code, ranking in _rankings(test).items():
        precision, recall = precision_recall_curve(ranking)
        # Of the thresholds that find equally many, the strictest is the one to take.
        kept = np.flatnonzero(np.diff(recall[0], prepend=0))
        curves[code] = (np.append(0, recall[0, kept]), precision[0, [kept[0], *kept]])
    for number, (code, axis) in enumerate(panels.items()):
        # No threshold lies between two recalls: going up, the next one's precision is had.
        _draw_curves(axis, curves, code, test, drawstyle="steps-pre")
        share = float(np.mean(test.labels == number))
        axis.axhline(share, color=QUIET, linewidth=1, linestyle=(0, (4, 3)))
        for rates in _rates(scores, points, code):
            _mark(axis, rates["recall"], rates["precision"])
    return figure


def _legend(points: Mapping[str, str]) -> str:
    return ".\nDots: operating points, whose thresholds validation chose" if points else ""


def _rates(scores: Scores, points: Mapping[str, str], code: str) -> Iterator[dict[str, float]]:
    """Recall, specificity and precision of each operating point of the class that has them all."""
    for name in (name for name, of_class in points.items() if of_class == code):
        keys = {measure: f"{name}/{measure}" for measure in MEASURES}
        if all(key in scores for key in keys.values()):
            yield {measure: scores[key].value for measure, key in keys.items()}


def _mark(axis: Axes, x: float, y: float) -> None:
    axis.plot(x, y, "o", color=INK, markersize=5, clip_on=False, zorder=4)


def _rankings(test: Predictions) -> dict[str, Ranking]:
    """Rankings of the classes that some images have and some have not."""
    ones = np.ones((1, len(test)))
    return {
        code: rank(test.labels == number, test.probabilities[:, number], ones)
        for number, code in enumerate(test.classes)
        if 0 < np.count_nonzero(test.labels == number) < len(test)
    }


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
