"""Figures of the evaluate stage: how good the predictions are, what is confused, how sure to be."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dermaflow.ml.evaluation.curves import confidence_bins, confusion_matrices, divide
from dermaflow.ml.evaluation.estimate import Scores
from dermaflow.ml.evaluation.estimate_text import format_interval, format_value
from dermaflow.ml.evaluation.predictions import Floats, Predictions
from dermaflow.ml.evaluation.proportion_intervals import wilson_interval
from dermaflow.reporting.draw_estimates import INTERVAL, describe_intervals, draw_share
from dermaflow.reporting.style import (
    ACCENT,
    QUIET,
    SHARE_MAP,
    class_colours,
    class_name,
    label_axes,
    lay_out_shares,
    new_figure,
    readable_on,
    styled,
)

HEADLINES = {
    "balanced_accuracy": "Balanced accuracy",
    "macro_f1": "Macro F1",
    "macro_auc": "Macro AUC",
    "accuracy": "Accuracy",
}
PER_CLASS = {"f1": "F1", "recall": "Recall", "precision": "Precision", "auc": "AUC"}
_THIN: dict[str, Any] = {"linewidth": 1, "markersize": 6, "clip_on": False}


@styled
def draw_summary(test: Predictions, scores: Scores, confidence: float) -> Figure:
    """Headline numbers above a dot with its interval for each class and measure.

    Args:
        test: predictions of the test split.
        scores: its metrics; what is absent is left blank.
        confidence: of the intervals among ``scores``.
    """
    names = [*HEADLINES, *map("/".join, product(test.classes, PER_CLASS))]
    intervals = describe_intervals(map(scores.get, names), confidence)
    caption = f"{describe_split(test)}\n{intervals}".rstrip()
    height = 2.5 + 0.4 * len(test.classes)
    figure, axes = new_figure(
        10,
        height,
        "How good are the predictions?",
        caption,
        rows=2,
        columns=4,
        height_ratios=[0.8, height - 2.4],
        sharey="row",
        gridspec_kw={"wspace": 0.14},
    )
    for axis, (name, title) in zip(axes[0], HEADLINES.items(), strict=True):
        _draw_headline(axis, title, scores, name)
    for axis, (name, title) in zip(axes[1], PER_CLASS.items(), strict=True):
        _draw_dots(axis, test, scores, name)
        axis.set_title(title)
    rows = [f"{class_name(code)}\n{_count(test, code)}" for code in test.classes]
    axes[1, 0].set_yticks(range(len(rows)), rows)
    axes[1, 0].set_ylim(len(rows) - 0.5, -0.5)
    return figure


def _draw_headline(axis: Axes, title: str, scores: Scores, name: str) -> None:
    axis.set_axis_off()
    axis.text(0, 1, title, transform=axis.transAxes, color=QUIET, va="top")
    score = scores.get(name)
    value, interval = (format_value(score), format_interval(score)) if score else ("–", "")
    size = 12 if score and score.insufficient else 20  # words take more room
    axis.text(0, 0.77, value, transform=axis.transAxes, size=size, weight="bold", va="top")
    axis.text(0, 0.27, interval, transform=axis.transAxes, color=QUIET, va="top")


def _draw_dots(axis: Axes, test: Predictions, scores: Scores, name: str) -> None:
    """One row a class: the value, its interval, and the number at the right edge."""
    colours = class_colours(test.classes)
    for row, code in enumerate(test.classes):
        draw_share(axis, row, scores.get(f"{code}/{name}"), colours[code])
    lay_out_shares(axis)


@styled
def draw_confusion(test: Predictions) -> Figure:
    """Confusion matrix: a cell holds the share of its true class, and below it the count."""
    counts = confusion_matrices(test, np.ones((1, len(test))))[0]
    shares = np.nan_to_num(divide(counts, counts.sum(1, keepdims=True)))
    size = 0.78 * len(test.classes)
    figure, axes = new_figure(
        size + 3.2,
        size + 2.6,
        "What is taken for what?",
        f"{describe_split(test)}. Share of the images of the true class, and their number below",
    )
    axis = axes[0, 0]
    axis.imshow(shares, cmap=SHARE_MAP, vmin=0, vmax=1, aspect="equal")
    for (row, column), count in np.ndenumerate(counts):
        if count:
            _fill_cell(axis, row, column, float(shares[row, column]), int(count))
    names = [class_name(code) for code in test.classes]
    rows = [f"{class_name(code)}\n{_count(test, code)}" for code in test.classes]
    axis.set_yticks(range(len(names)), rows)
    axis.set_xticks(range(len(names)), names, rotation=35, ha="right", rotation_mode="anchor")
    label_axes(axis, "Predicted class", "True class")
    axis.grid(visible=False)
    axis.tick_params(length=0)
    axis.spines[:].set_visible(False)
    axis.set_xticks(np.arange(len(names) + 1) - 0.5, minor=True)
    axis.set_yticks(np.arange(len(names) + 1) - 0.5, minor=True)
    axis.grid(which="minor", color="white", linewidth=1.5, visible=True)
    axis.tick_params(which="minor", length=0)
    return figure


def _fill_cell(axis: Axes, row: int, column: int, share: float, count: int) -> None:
    colour = readable_on(share)
    percent = "<1%" if share < 0.01 else ">99%" if 0.99 < share < 1 else f"{share:.0%}"
    weight = "bold" if row == column else "normal"
    axis.text(column, row - 0.12, percent, ha="center", va="center", color=colour, weight=weight)
    axis.text(
        column,
        row + 0.22,
        f"{count:,}",
        ha="center",
        va="center",
        color=colour,
        size=7.5,
        alpha=0.9,
    )


@styled
def draw_reliability(
    test: Predictions, plain: Predictions, scores: Scores, bins: int, confidence: float
) -> Figure:
    """How often the most probable class is right, by its probability, above the bins' numbers.

    Args:
        test: predictions of the test split.
        plain: the same before calibration, drawn faint.
        scores: its metrics.
        bins: of the probability.
        confidence: of the intervals.
    """
    sureness, right = test.probabilities.max(1), test.most_probable == test.labels
    stated, observed, counts = _bin_reliability(test, bins)
    figure, axes = new_figure(
        5.6,
        6.6,
        "How sure may one be?",
        f"{describe_split(test)}.\nBars: {confidence:.0%} Wilson intervals that count groups",
        rows=2,
        height_ratios=[3, 1],
        sharex=True,
    )
    upper, lower = axes[:, 0]
    upper.plot([0, 1], [0, 1], color=QUIET, linewidth=1, linestyle=(0, (4, 3)))
    before = _bin_reliability(plain, bins)
    upper.plot(before[0], before[1], "o-", color=QUIET, alpha=0.45, label="before", **_THIN)
    groups = _count_bin_groups(test, bins)
    for x, share, count in zip(stated, observed, groups, strict=True):
        if count:
            ends = wilson_interval(share, count, confidence)
            upper.vlines(x, *ends, color=ACCENT, clip_on=False, **INTERVAL)
    upper.plot(stated, observed, "o-", color=ACCENT, label="calibrated", **_THIN)
    upper.legend(loc="lower right", bbox_to_anchor=(1, 0.07))
    upper.text(0.03, 0.985, "more often right than stated", color=QUIET, va="top")
    upper.text(0.97, 0.03, "less often right than stated", color=QUIET, ha="right")
    upper.set(xlim=(0, 1), ylim=(0, 1))
    label_axes(upper, "", "Share of predictions that are right")
    if "ece" in scores:
        was = scores.get("ece_uncalibrated")
        before_it = "" if was is None else f" (before: {was.value:.3f})"
        upper.set_title(f"Calibration error {scores['ece'].value:.3f}{before_it}")
    summary = f"right {right.mean():.0%}, stated {sureness.mean():.0%}"
    upper.set_title(summary, size=9, loc="right", color=QUIET, weight="normal")
    edges = np.linspace(0, 1, bins + 1)
    lower.bar(edges[:-1], counts, np.diff(edges), align="edge", color=ACCENT, edgecolor="white")
    lower.grid(axis="x", visible=False)
    lower.yaxis.set_major_formatter("{x:,.0f}")
    label_axes(lower, "Probability of the most probable class", "Images")
    return figure


def _bin_reliability(predictions: Predictions, bins: int) -> tuple[Floats, Floats, Floats]:
    """Mean confidence, share that is right, and number of images of each bin; NaN where empty."""
    confidence = predictions.probabilities.max(1)
    member = confidence_bins(confidence, bins)

    def sums(values: Floats) -> Floats:
        return np.bincount(member, values, bins).astype(np.float64)

    counts = sums(np.ones(len(predictions)))
    right = (predictions.most_probable == predictions.labels).astype(np.float64)
    return divide(sums(confidence), counts), divide(sums(right), counts), counts


def _count_bin_groups(predictions: Predictions, bins: int) -> list[int]:
    """Groups with an image in each bin."""
    member = confidence_bins(predictions.probabilities.max(1), bins)
    return [predictions.count_groups(member == number) for number in range(bins)]


def describe_split(test: Predictions) -> str:
    """Size of the split in words, and which classes it has no image of."""
    text = f"Test split: {len(test):,} images of {test.count_groups():,} groups"
    counts = np.bincount(test.labels, minlength=len(test.classes))
    untested = [class_name(c) for c, n in zip(test.classes, counts, strict=True) if not n]
    return f"{text}, none of {', '.join(untested)}" if untested else text


def _count(test: Predictions, code: str) -> str:
    count = int(np.count_nonzero(test.labels == test.classes.index(code)))
    return f"{count:,} image" if count == 1 else f"{count:,} images"
