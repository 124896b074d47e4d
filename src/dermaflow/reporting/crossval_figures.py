"""Figures of a cross-validation: every fold beside all of them pooled."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from dermaflow.ml.evaluation.estimate import Scores
from dermaflow.ml.evaluation.estimate_text import format_estimate
from dermaflow.ml.evaluation.predictions import Predictions
from dermaflow.reporting.class_curves import class_curves, point_rates
from dermaflow.reporting.draw_estimates import INTERVAL, describe_intervals, draw_estimate
from dermaflow.reporting.style import (
    ACCENT,
    FAINT,
    INK,
    QUIET,
    class_colours,
    class_name,
    label_axes,
    new_figure,
    styled,
)
from dermaflow.schema import HEADLINES, LEAKING

_COLUMNS = 4


@dataclass(frozen=True)
class FoldFigures:
    """What is drawn.

    Attributes:
        pooled: predictions of all images, each by the fold that tested on it.
        fold_of: number of that fold, int (N,).
        folds_in_all: how many there are, which need not all have been trained.
        leaking: whether images of one lesion are in training and test.
        synthetic: mean number of synthetic training images of a fold.
        scores: ``pooled``, ``mean``, ``sd`` and ``fold_<number>`` -> metrics.
        confidence: of the intervals.
    """

    pooled: Predictions
    fold_of: NDArray[np.int64]
    folds_in_all: int
    leaking: bool
    synthetic: float
    scores: Mapping[str, Scores]
    confidence: float

    @property
    def numbers(self) -> list[int]:
        """Folds that there are, rising."""
        return [int(number) for number in np.unique(self.fold_of)]

    def title(self, text: str) -> str:
        """A heading, which says so where figures leak."""
        return f"{LEAKING}: {text}" if self.leaking else text

    def caption(self, text: str) -> str:
        """What was tested on, then the text, then what was added, and what leaks."""
        groups = self.pooled.count_groups()
        folds = f"{len(self.numbers)} of {self.folds_in_all} folds"
        tested = f"{len(self.pooled):,} images of {groups:,} groups, out of fold ({folds})"
        lines = [f"{tested}. {text}"]
        if self.synthetic:
            lines.append(
                f"With {self.synthetic:,.0f} synthetic training images a fold, by generators that "
                "saw none of its tested images"
            )
        if self.leaking:
            share = self.scores["pooled"]["leaking_images"].value
            lines.append(
                f"Images were dealt one by one: for {share:.0%} of them, training or validation "
                "images of the same fold show the same lesion"
            )
        return "\n".join(lines)


@styled
def draw_folds(figures: FoldFigures) -> Figure:
    """A panel a headline metric: pooled, mean and spread over folds, and each fold."""
    names = [name for name in HEADLINES if name in figures.scores["pooled"]]
    rows = -(-len(names) // _COLUMNS)
    tested = ("pooled", *(f"fold_{number}" for number in figures.numbers))
    drawn = [figures.scores[part].get(name) for part in tested for name in names]
    intervals = describe_intervals(drawn, figures.confidence)
    figure, axes = new_figure(
        11,
        1.3 + rows * (1.2 + 0.27 * (len(figures.numbers) + 2)),
        figures.title("How much do the folds agree?"),
        figures.caption(f"Mean over folds: with one standard deviation\n{intervals}".rstrip()),
        rows=rows,
        columns=_COLUMNS,
        sharey=True,
    )
    for axis in axes.flat[len(names) :]:
        axis.set_axis_off()
    for axis, name in zip(axes.flat, names, strict=False):
        _draw_metric(axis, figures, name)
    labels = ["pooled", "mean", *(f"fold {number}" for number in figures.numbers)]
    for axis in axes[:, 0]:
        axis.set_yticks(range(len(labels)), labels)
    axes[0, 0].set_ylim(len(labels) - 0.5, -0.5)
    return figure


def _draw_metric(axis: Axes, figures: FoldFigures, name: str) -> None:
    axis.set_title(HEADLINES[name], pad=17)
    pooled = figures.scores["pooled"][name]
    axis.text(0, 1.03, format_estimate(pooled), transform=axis.transAxes, color=QUIET)
    if not pooled.insufficient:
        axis.axvline(pooled.value, color=FAINT, linewidth=1)
    draw_estimate(axis, 0, pooled, ACCENT)
    mean, spread = (figures.scores.get(part, {}).get(name) for part in ("mean", "sd"))
    if mean is not None and not pooled.insufficient:
        if spread is not None:
            ends = (mean.value - spread.value, mean.value + spread.value)
            axis.hlines(1, *ends, color=INK, **INTERVAL)
        axis.plot(mean.value, 1, "D", color=INK, markersize=5, clip_on=False)
    for row, number in enumerate(figures.numbers, start=2):
        estimate = figures.scores[f"fold_{number}"].get(name)
        if estimate is not None:
            draw_estimate(axis, row, estimate, QUIET)
    axis.spines["left"].set_visible(False)
    axis.tick_params(axis="y", length=0, pad=6)
    axis.grid(axis="y", visible=False)
    low, high = axis.get_xlim()
    middle, half = (low + high) / 2, max(high - low, 0.1) * 0.54
    axis.set_xlim(max(-0.01, middle - half), min(1.01, middle + half))


@styled
def draw_class(figures: FoldFigures, code: str, points: Mapping[str, str]) -> Figure:
    """ROC and precision-recall curves of one class: pooled, and of each fold behind it.

    Args:
        figures: what is drawn.
        code: of the class, of which some images are and some are not.
        points: operating point -> its class, of those that called all images.
    """
    name = class_name(code)
    note = "\nGrey: each fold. Dashed: chance"
    marked = [point for point, of_class in points.items() if of_class == code]
    if marked:
        note += ". Dots: operating points, whose thresholds each fold's validation chose"
    figure, axes = new_figure(
        9,
        5.4,
        figures.title(f"{name} against the rest"),
        figures.caption(note),
        columns=2,
    )
    roc, precision_recall = axes[0]
    colour = class_colours(figures.pooled.classes)[code]
    for predictions, look in [*_folds(figures), (figures.pooled, {"color": colour, "zorder": 3})]:
        curves = class_curves(predictions, code)
        if curves:
            roc.plot(*curves.roc, **look)
            precision_recall.plot(*curves.precision_recall, drawstyle="steps-pre", **look)
    share = float(np.mean(figures.pooled.labels == figures.pooled.classes.index(code)))
    dashed = {"color": QUIET, "linewidth": 1, "linestyle": (0, (4, 3))}
    roc.plot([0, 1], [0, 1], **dashed)
    precision_recall.axhline(share, **dashed)
    _mark_points(axes[0], figures.scores["pooled"], marked)
    label_axes(roc, "False positive rate", "True positive rate", "ROC")
    label_axes(precision_recall, "Recall", "Precision", "Precision and recall")
    _write_auc(roc, figures.scores, f"{code}/auc")
    for axis in axes[0]:
        axis.set(xlim=(0, 1), ylim=(0, 1.005), aspect="equal")
    return figure


def _folds(figures: FoldFigures) -> Iterator[tuple[Predictions, dict[str, object]]]:
    """Predictions of each fold, and how its curves look."""
    pooled = figures.pooled
    for number in figures.numbers:
        part = pooled.part(figures.fold_of == number)
        yield part, {"color": QUIET, "linewidth": 0.9, "alpha": 0.5}


def _mark_points(axes: NDArray[np.object_], scores: Scores, points: list[str]) -> None:
    look = {"color": INK, "markersize": 5, "clip_on": False, "zorder": 4}
    for rates in point_rates(scores, points):
        axes[0].plot(1 - rates["specificity"], rates["recall"], "o", **look)
        axes[1].plot(rates["recall"], rates["precision"], "o", **look)


def _write_auc(axis: Axes, scores: Mapping[str, Scores], name: str) -> None:
    pooled = scores["pooled"].get(name)
    if pooled:
        lines = [f"AUC pooled {format_estimate(pooled)}"]
        mean = scores.get("mean", {}).get(name)
        if mean is not None and not pooled.insufficient:
            lines.append(f"mean of folds {mean.value:.3f}")
        axis.text(0.97, 0.04, "\n".join(lines), ha="right", linespacing=1.4)
