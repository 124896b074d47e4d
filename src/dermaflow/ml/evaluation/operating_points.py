"""Operating points: thresholds chosen on some images, and what they are worth on others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from dermaflow.ml.evaluation.curves import divide
from dermaflow.ml.evaluation.decision_rule import DecisionRule
from dermaflow.ml.evaluation.predictions import Floats, Predictions

MEASURES = ("recall", "specificity", "precision")


@dataclass(frozen=True)
class Target:
    """What the threshold of a class must reach.

    Attributes:
        code: of the class.
        measure: recall, the share of its images that are called it; or specificity, the share of
            all others that are not.
        value: to be reached, in (0, 1].
    """

    code: str
    measure: Literal["recall", "specificity"]
    value: float

    @property
    def metric(self) -> str:
        """Name of what the best threshold is worth, were it known: of the curve, in ``score``."""
        other = "precision" if self.measure == "recall" else "recall"
        return f"{self.code}/{other}_at_{self.measure}_{self.value:g}"


@dataclass(frozen=True)
class Calls:
    """What an operating point says of N images.

    Attributes:
        code: the class in question.
        called: bool (N,), whether each image is called that.
    """

    code: str
    called: NDArray[np.bool_]


def choose_threshold(predictions: Predictions, target: Target) -> float:
    """The threshold at which an image is called the target's class, if it is reached.

    An image is called where its probability is at least the threshold, so that images of equal
    probability are called together. Candidates are the probabilities that occur. For a recall the
    highest threshold is taken that reaches it, for a specificity the lowest: of all that reach the
    target, the one that costs least of the other.

    Raises:
        ValueError: there is none; the text says why.
    """
    if target.code not in predictions.classes:
        raise ValueError(f"there is no class {target.code} among {', '.join(predictions.classes)}")
    number = predictions.classes.index(target.code)
    positive, scores = predictions.labels == number, predictions.probabilities[:, number]
    side = positive if target.measure == "recall" else ~positive
    if not side.any():
        kind = target.code if target.measure == "recall" else f"another class than {target.code}"
        raise ValueError(f"no validation image is of {kind}")
    candidates = np.unique(scores)  # rising
    below = np.searchsorted(np.sort(scores[side]), candidates)  # images of the side that score less
    count = np.count_nonzero(side)
    if target.measure == "recall":
        return float(candidates[(count - below) / count >= target.value].max())
    reached = candidates[below / count >= target.value]
    if not len(reached):
        raise ValueError(
            f"no threshold has a specificity of {target.value:g} on the validation images: too "
            f"many of other classes are as probable as any of {target.code}"
        )
    return float(reached.min())


def apply_thresholds(predictions: Predictions, rule: DecisionRule) -> dict[str, Calls]:
    """What each of a rule's operating points says of the images."""
    called = rule.calls(predictions.probabilities, predictions.classes)
    return {name: Calls(rule.thresholds[name].code, called[name]) for name in called}


def score_calls(predictions: Predictions, rule: DecisionRule, weights: Floats) -> dict[str, Floats]:
    """``rate_calls`` of what a rule's operating points say, its thresholds applied as they are."""
    return rate_calls(predictions, apply_thresholds(predictions, rule), weights)


def rate_calls(
    predictions: Predictions, calls: Mapping[str, Calls], weights: Floats
) -> dict[str, Floats]:
    """What each operating point is worth, for R weightings of the N images.

    Args:
        predictions: of N images.
        calls: operating point -> what it says of them.
        weights: float64 (R, N), not negative.

    Returns:
        ``<point>/<measure>`` for each of ``MEASURES``, float64 (R,): the share of the class that is
        called, the share of all others that is not, and the share of what is called that is of the
        class. NaN where undefined.
    """
    values: dict[str, Floats] = {}
    for name, point in calls.items():
        positive = predictions.labels == predictions.classes.index(point.code)
        hits = weights @ (positive & point.called)
        quiet = weights @ (~positive & ~point.called)
        values[f"{name}/recall"] = divide(hits, weights @ positive)
        values[f"{name}/specificity"] = divide(quiet, weights @ ~positive)
        values[f"{name}/precision"] = divide(hits, weights @ point.called)
    return values
