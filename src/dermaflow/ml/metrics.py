"""Classification metrics under many weightings of the images at once.

One weighting is a row of weights, an image a column; plain metrics are the row of ones, and a
bootstrap is a thousand rows. Everything below is computed for all rows together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Ranking:
    """Images ordered by falling score, those of equal score together, summed a weighting.

    Attributes:
        positives: float64 (R, T), weight of the positive images at each of T distinct scores.
        negatives: float64 (R, T), of the negative ones.
        scores: float64 (T,), falling.
    """

    positives: Floats
    negatives: Floats
    scores: Floats


def score_predictions(
    labels: Ints, probabilities: Floats, classes: Sequence[str], bins: int, weights: Floats
) -> dict[str, Floats]:
    """All metrics of one set of predictions, for R weightings of its N images.

    Args:
        labels: int64 (N,), indices into ``classes``.
        probabilities: float64 (N, C); the predicted class is the first of the largest.
        classes: C codes, which name the keys of per-class values.
        bins: of the calibration error.
        weights: float64 (R, N), not negative.

    Returns:
        Float64 (R,) a key: ``accuracy``, ``log_loss``, ``ece``, means over classes
        (``balanced_accuracy``, ``macro_f1``, ``macro_auc``) and ``<class>/precision``, ``/recall``,
        ``/f1``, ``/auc``, ``/support``. NaN where a value is undefined: all but the support of a
        class without images, the precision of one never predicted, the AUC where all images are
        of one class. A mean is over the classes where its values are defined.
    """
    confusion = confusion_matrices(labels, probabilities.argmax(1), len(classes), weights)
    hits = np.diagonal(confusion, axis1=1, axis2=2)
    support, predicted = confusion.sum(2), confusion.sum(1)
    known = support > 0
    per_class = {
        "precision": divide(hits, np.where(known, predicted, 0)),
        "recall": divide(hits, support),
        "f1": divide(2 * hits, np.where(known, support + predicted, 0)),
        "auc": np.stack(
            [auc(rank(labels == c, probabilities[:, c], weights)) for c in range(len(classes))], 1
        ),
        "support": support,
    }
    total = weights.sum(1)
    values = {
        "accuracy": divide(hits.sum(1), total),
        "balanced_accuracy": _mean_defined(per_class["recall"]),
        "macro_auc": _mean_defined(per_class["auc"]),
        "macro_f1": _mean_defined(per_class["f1"]),
        "log_loss": log_loss(labels, probabilities, weights),
        "ece": calibration_error(labels, probabilities, bins, weights),
    }
    for number, code in enumerate(classes):
        values |= {f"{code}/{name}": column[:, number] for name, column in per_class.items()}
    return values


def confusion_matrices(labels: Ints, predicted: Ints, classes: int, weights: Floats) -> Floats:
    """Weight of each pair of true class (rows) and predicted class: float64 (R, C, C)."""
    cells = np.eye(classes * classes)[labels * classes + predicted]  # (N, C * C), one-hot
    return (weights @ cells).reshape(-1, classes, classes)


def rank(positive: NDArray[np.bool_], scores: Floats, weights: Floats) -> Ranking:
    """Order images by falling score, summing the weights (R, N) of those with equal scores."""
    order = np.argsort(-scores, kind="stable")
    scores, weights = scores[order], weights[:, order]
    positives = weights * positive[order]
    starts = np.flatnonzero(np.diff(scores, prepend=np.inf))
    if len(starts) == len(scores):  # no ties, as nearly always: sums of one are spared
        return Ranking(positives, weights - positives, scores)
    sums = [np.add.reduceat(side, starts, axis=1) for side in (positives, weights - positives)]
    return Ranking(*sums, scores[starts])


def auc(ranking: Ranking) -> Floats:
    """Area under the ROC curve (R,): the chance that a positive outscores a negative.

    Ties count half (Mann and Whitney 1947). NaN where either side is without weight.
    """
    below = ranking.negatives.sum(1, keepdims=True) - ranking.negatives.cumsum(1)
    wins = (ranking.positives * (below + ranking.negatives / 2)).sum(1)
    return divide(wins, ranking.positives.sum(1) * ranking.negatives.sum(1))


def roc_curve(ranking: Ranking) -> tuple[Floats, Floats]:
    """False and true positive rates as the threshold falls, each (R, T + 1), from 0 to 1."""
    sides = []
    for side in (ranking.negatives, ranking.positives):
        sums = np.pad(side.cumsum(1), ((0, 0), (1, 0)))
        sides.append(divide(sums, sums[:, -1:]))
    return sides[0], sides[1]


def precision_recall_curve(ranking: Ranking) -> tuple[Floats, Floats]:
    """Precision and recall at each threshold, from the highest down, each (R, T)."""
    hits = ranking.positives.cumsum(1)
    alarms = hits + ranking.negatives.cumsum(1)
    return divide(hits, alarms), divide(hits, hits[:, -1:])


def precision_at_recall(ranking: Ranking, target: float) -> Floats:
    """Best precision (R,) among the thresholds whose recall reaches ``target``."""
    precision, recall = precision_recall_curve(ranking)
    reached: Floats = np.where(recall >= target, precision, -np.inf).max(1, initial=-np.inf)
    return np.where(np.isfinite(reached), reached, np.nan)


def log_loss(labels: Ints, probabilities: Floats, weights: Floats) -> Floats:
    """Mean negative log probability of the true class (R,), in nats.

    Probabilities are held at or above float32's epsilon, so one sure mistake does not cost all.
    """
    of_truth = probabilities[np.arange(len(labels)), labels]
    return divide(weights @ -np.log(np.maximum(of_truth, _EPSILON)), weights.sum(1))


def calibration_error(labels: Ints, probabilities: Floats, bins: int, weights: Floats) -> Floats:
    """Expected calibration error (R,), in [0, 1] (Guo et al. 2017, arXiv:1706.04599).

    The mean gap between confidence (the largest probability) and accuracy, over ``bins`` equal
    bins of confidence weighted by what they hold.
    """
    confidence = probabilities.max(1)
    surplus = confidence - (probabilities.argmax(1) == labels)
    members = np.eye(bins)[confidence_bins(confidence, bins)]  # (N, bins), one-hot
    return divide(np.abs(weights @ (members * surplus[:, None])).sum(1), weights.sum(1))


def confidence_bins(confidence: Floats, bins: int) -> Ints:
    """Index of the equal bin of [0, 1] that holds each value; 1 belongs to the last."""
    return np.minimum((confidence * bins).astype(np.int64), bins - 1)


def divide(numerator: Floats, denominator: Floats) -> Floats:
    """Quotient, NaN where the denominator is 0."""
    blank = np.full(np.broadcast_shapes(numerator.shape, denominator.shape), np.nan)
    quotient: Floats = np.divide(numerator, denominator, out=blank, where=denominator > 0)
    return quotient


def _mean_defined(values: Floats) -> Floats:
    """Mean over the columns (R, C) that are not NaN: (R,), NaN where there is none."""
    defined = ~np.isnan(values)
    return divide(np.where(defined, values, 0).sum(1), defined.sum(1).astype(np.float64))


_EPSILON = float(np.finfo(np.float32).eps)
