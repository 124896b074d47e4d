"""Curves of one class against the rest, and the operating points on them, ready to be drawn."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from dermaflow.ml.evaluation.curves import precision_recall_curve, rank, roc_curve
from dermaflow.ml.evaluation.estimate import Scores
from dermaflow.ml.evaluation.operating_points import MEASURES
from dermaflow.ml.evaluation.predictions import Floats, Predictions


@dataclass(frozen=True)
class ClassCurves:
    """x and y of both curves, float (points,) each, in [0, 1].

    Attributes:
        roc: false and true positive rates.
        precision_recall: recall and precision, to be drawn as ``steps-pre``: no threshold lies
            between two recalls, and going up, the next one's precision is had.
    """

    roc: tuple[Floats, Floats]
    precision_recall: tuple[Floats, Floats]


def class_curves(predictions: Predictions, code: str) -> ClassCurves | None:
    """Curves of a class; None unless some images have it and some have not."""
    number = predictions.classes.index(code)
    positive = predictions.labels == number
    if not 0 < np.count_nonzero(positive) < len(positive):
        return None
    ranking = rank(positive, predictions.probabilities[:, number], np.ones((1, len(positive))))
    false, true = roc_curve(ranking)
    precision, recall = precision_recall_curve(ranking)
    # Of the thresholds that find equally many, the strictest is the one to take.
    kept = np.flatnonzero(np.diff(recall[0], prepend=0))
    steps = np.append(0, recall[0, kept]), precision[0, [kept[0], *kept]]
    return ClassCurves((false[0], true[0]), steps)


def point_rates(scores: Scores, points: Iterable[str]) -> Iterator[dict[str, float]]:
    """Recall, specificity and precision of each operating point that has them all."""
    for point in points:
        names = {measure: f"{point}/{measure}" for measure in MEASURES}
        if all(name in scores for name in names.values()):
            yield {measure: scores[name].value for measure, name in names.items()}
