"""One small figure a feature: the reference in grey, the batch over it."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from dermaflow.data.drift.compare_profiles import align_categories, category_names
from dermaflow.data.drift.compare_sources import Comparison
from dermaflow.data.drift.drift_features import CATEGORIES, EMBEDDING, NUMBERS
from dermaflow.data.drift.profile import Embeddings
from dermaflow.reporting.style import QUIET, WARNING, class_name, label_axes, new_figure, styled

_SIZE = (3.5, 2.5)  # inches
_CATEGORIES = 12  # more are left to the report
_GREY = "#b8c0c8"


@styled
def draw_feature(comparison: Comparison, feature: str) -> Figure:
    """Shares of the pictures in which the feature is known; embeddings as a cloud of points."""
    figure, grid = new_figure(*_SIZE)
    axes: Axes = grid[0, 0]
    if feature in CATEGORIES:
        _draw_categories(axes, comparison, feature)
    elif feature in NUMBERS:
        _draw_numbers(axes, comparison, feature)
    elif feature == EMBEDDING:
        _draw_embeddings(axes, comparison.reference.embeddings, comparison.batch.embeddings)
    return figure


def _draw_categories(axes: Axes, comparison: Comparison, feature: str) -> None:
    parts = comparison.reference.categories[feature], comparison.batch.categories[feature]
    reference, ours = (_shares(counts) for counts in align_categories(*parts))
    # The most frequent of either; in their order, the first on top.
    shown = np.sort(np.argsort(-np.maximum(reference, ours), kind="stable")[:_CATEGORIES])
    names = np.array(category_names(*parts), dtype=object)[shown]
    places = np.arange(len(shown))
    axes.barh(places, reference[shown], height=0.8, color=_GREY)
    axes.barh(places, ours[shown], height=0.34, color=WARNING)
    words = [class_name(name) if feature == "label" else name for name in names]
    axes.set_yticks(places, words, fontsize=7.5)
    axes.set_ylim(len(shown) - 0.4, -0.6)
    axes.grid(axis="y", visible=False)
    label_axes(axes, "share", "")


def _draw_numbers(axes: Axes, comparison: Comparison, feature: str) -> None:
    scale = NUMBERS[feature]
    parts = comparison.reference.numbers[feature], comparison.batch.numbers[feature]
    counts = np.array([part.counts for part in parts], np.int64)
    used = np.flatnonzero(counts.sum(0))
    first, last = (used[0], used[-1]) if len(used) else (0, scale.bins - 1)
    starts = np.arange(first - first % scale.bar, last + 1, scale.bar)
    bars = np.add.reduceat(counts, starts, axis=1)
    edges = scale.low + scale.width * np.append(starts, starts[-1] + scale.bar)
    axes.stairs(_shares(bars[0]), edges, fill=True, color=_GREY)
    axes.stairs(_shares(bars[1]), edges, color=WARNING, linewidth=1.6)
    label_axes(axes, scale.unit, "share")


def _draw_embeddings(axes: Axes, reference: Embeddings, ours: Embeddings) -> None:
    """On the two directions in which the reference's sample spreads most."""
    vectors = reference.standardise(reference.sample)
    directions = np.linalg.svd(vectors - vectors.mean(0), full_matrices=False)[2][:2]
    for sample, colour in ((reference.sample, _GREY), (ours.sample, WARNING)):
        points = (reference.standardise(sample) - vectors.mean(0)) @ directions.T
        axes.plot(*_two(points), "o", markersize=2.4, alpha=0.7, markeredgewidth=0, color=colour)
    axes.tick_params(colors=QUIET, labelbottom=False, labelleft=False)
    label_axes(axes, "first direction", "second")


def _two(points: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Both coordinates; the second is 0 where there is one direction only."""
    return points[:, 0], points[:, 1] if points.shape[1] > 1 else np.zeros(len(points))


def _shares(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.asarray(counts / max(int(counts.sum()), 1))
