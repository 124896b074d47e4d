"""Rankings, curves and confusion counts, which metrics and figures share.

One weighting is a row of weights, an image a column; all rows are computed together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dermaflow.ml.evaluation.predictions import Floats, Ints, Predictions


@dataclass(frozen=True)
class Ranking:
    """Images ordered by falling score, those of equal score summed, for R weightings.

    Attributes:
        positives: float64 (R, T), weight of the positive images at each of T distinct scores.
        negatives: float64 (R, T), of the negative ones.
    """

    positives: Floats
    negatives: Floats


def rank(positive: NDArray[np.bool_], scores: Floats, weights: Floats) -> Ranking:
    """Order images (N,) by falling score, and sum weights (R, N) where scores are equal."""
    order = np.argsort(-scores, kind="stable")
    weights = weights[:, order]
    positives = weights * positive[order]
    sides = (positives, weights - positives)
    starts = np.flatnonzero(np.diff(scores[order], prepend=np.inf))
    if len(starts) < len(scores):  # without ties there is nothing to sum
        sides = (np.add.reduceat(sides[0], starts, 1), np.add.reduceat(sides[1], starts, 1))
    return Ranking(*sides)


def roc_curve(ranking: Ranking) -> tuple[Floats, Floats]:
    """False and true positive rates as the threshold falls, each (R, T + 1), from 0 to 1."""
    sums = [
        np.pad(side.cumsum(1), ((0, 0), (1, 0))) for side in (ranking.negatives, ranking.positives)
    ]
    return divide(sums[0], sums[0][:, -1:]), divide(sums[1], sums[1][:, -1:])


def precision_recall_curve(ranking: Ranking) -> tuple[Floats, Floats]:
    """Precision and recall at each distinct score, from the highest down, each (R, T)."""
    hits = ranking.positives.cumsum(1)
    alarms = hits + ranking.negatives.cumsum(1)
    return divide(hits, alarms), divide(hits, hits[:, -1:])


def confusion_matrices(predictions: Predictions, weights: Floats) -> Floats:
    """Weight of each pair of true class (rows) and predicted class: float64 (R, C, C)."""
    classes = len(predictions.classes)
    cells = np.eye(classes * classes)[predictions.labels * classes + predictions.predicted]
    confusion: Floats = (weights @ cells).reshape(-1, classes, classes)
    return confusion


def confidence_bins(confidence: Floats, bins: int) -> Ints:
    """Index of the equal bin of [0, 1] that holds each value; 1 belongs to the last."""
    return np.minimum((confidence * bins).astype(np.int64), bins - 1)


def divide(numerator: Floats, denominator: Floats) -> Floats:
    """Quotient, NaN where the denominator is 0."""
    shape = np.broadcast_shapes(numerator.shape, denominator.shape)
    quotient: Floats = np.full(shape, np.nan)
    return np.divide(numerator, denominator, out=quotient, where=denominator > 0)
