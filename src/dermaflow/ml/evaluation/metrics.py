"""Classification metrics under many weightings of the images at once.

One weighting is a row of weights, an image a column; plain metrics are the row of ones, and a
bootstrap is a thousand rows. Everything below is computed for all rows together.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dermaflow.ml.evaluation.curves import (
    Ranking,
    confidence_bins,
    confusion_matrices,
    divide,
    precision_recall_curve,
    rank,
    roc_curve,
)
from dermaflow.ml.evaluation.operating_points import Target
from dermaflow.ml.evaluation.predictions import Floats, Predictions

# Probabilities come as float32: what is below its epsilon is not told apart from 0.
_EPSILON = float(np.finfo(np.float32).eps)


def score(
    predictions: Predictions, weights: Floats, bins: int, targets: Sequence[Target]
) -> dict[str, Floats]:
    """All metrics, for R weightings of the N images.

    Args:
        predictions: of N images.
        weights: float64 (R, N), not negative.
        bins: of the calibration error.
        targets: of classes among the predictions', for each of which the best is asked that a
            threshold could do which knew these very images.

    Returns:
        Float64 (R,) a key: ``accuracy``, ``log_loss``, ``ece``, the means over classes
        ``balanced_accuracy``, ``macro_auc`` and ``macro_f1``, and for each class
        ``<class>/precision``, ``/recall``, ``/f1``, ``/auc``, ``/support``; and the ``metric`` of
        each target. NaN where a value is undefined: all but the support of a class without images,
        the precision of one never predicted, the AUC of one that all images have. Means are over
        the classes that any image is of, and undefined under weights that leave one of them out:
        a mean over fewer classes would be of something else.
    """
    present = np.unique(predictions.labels)
    confusion = confusion_matrices(predictions, weights)
    hits = np.diagonal(confusion, axis1=1, axis2=2)
    support, called = confusion.sum(2), confusion.sum(1)
    rankings = {
        code: rank(predictions.labels == number, predictions.probabilities[:, number], weights)
        for number, code in enumerate(predictions.classes)
    }
    per_class = {
        "precision": divide(hits, np.where(support > 0, called, 0)),
        "recall": divide(hits, support),
        "f1": divide(2 * hits, np.where(support > 0, support + called, 0)),
        "auc": np.stack([auc(ranking) for ranking in rankings.values()], axis=1),
        "support": support,
    }
    values = {
        "accuracy": divide(hits.sum(1), weights.sum(1)),
        "balanced_accuracy": per_class["recall"][:, present].mean(1),
        "macro_auc": per_class["auc"][:, present].mean(1),
        "macro_f1": per_class["f1"][:, present].mean(1),
        "log_loss": log_loss(predictions, weights),
        "ece": calibration_error(predictions, weights, bins),
    }
    for number, code in enumerate(predictions.classes):
        values |= {f"{code}/{name}": column[:, number] for name, column in per_class.items()}
    at = {"recall": precision_at_recall, "specificity": recall_at_specificity}
    for target in targets:
        values[target.metric] = at[target.measure](rankings[target.code], target.value)
    return values


def auc(ranking: Ranking) -> Floats:
    """Area under the ROC curve (R,): the chance that a positive outscores a negative.

    Ties count half (Mann and Whitney 1947). NaN where either side is without weight.
    """
    below = ranking.negatives.sum(1, keepdims=True) - ranking.negatives.cumsum(1)
    wins = (ranking.positives * (below + ranking.negatives / 2)).sum(1)
    return divide(wins, ranking.positives.sum(1) * ranking.negatives.sum(1))


def precision_at_recall(ranking: Ranking, target: float) -> Floats:
    """Best precision (R,) among the thresholds whose recall is at least ``target`` (above 0)."""
    precision, recall = precision_recall_curve(ranking)
    best = np.where(recall >= target, precision, -1).max(1, initial=-1)
    return np.where(best < 0, np.nan, best)


def recall_at_specificity(ranking: Ranking, target: float) -> Floats:
    """Best recall (R,) among the thresholds whose specificity is at least ``target``."""
    _, recall = roc_curve(ranking)
    alarms = np.pad(ranking.negatives.cumsum(1), ((0, 0), (1, 0)))
    # Not 1 - the false positive rate, which misses a target of, say, 0.1 by a rounding error.
    specificity = divide(alarms[:, -1:] - alarms, alarms[:, -1:])
    best = np.where(specificity >= target, recall, -1).max(1)
    return np.where(best < 0, np.nan, best)


def log_loss(predictions: Predictions, weights: Floats) -> Floats:
    """Mean negative log probability of the true class (R,), in nats."""
    of_truth = predictions.probabilities[np.arange(len(predictions)), predictions.labels]
    return divide(weights @ -np.log(np.maximum(of_truth, _EPSILON)), weights.sum(1))


def calibration_error(predictions: Predictions, weights: Floats, bins: int) -> Floats:
    """Expected calibration error (R,), in [0, 1] (Guo et al. 2017, arXiv:1706.04599).

    The mean gap between confidence (the largest probability) and accuracy, over ``bins`` equal
    bins of confidence weighted by what they hold.
    """
    confidence = predictions.probabilities.max(1)
    surplus = confidence - (predictions.most_probable == predictions.labels)
    members = np.eye(bins)[confidence_bins(confidence, bins)]  # (N, bins), one-hot
    return divide(np.abs(weights @ (members * surplus[:, None])).sum(1), weights.sum(1))
