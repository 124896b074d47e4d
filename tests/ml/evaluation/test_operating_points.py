"""Thresholds on scores made by hand, and what they are worth elsewhere."""

import numpy as np
import pytest

from dermaflow.ml.evaluation.decision_rule import DecisionRule, Threshold
from dermaflow.ml.evaluation.operating_points import MEASURES, Target, choose_threshold, score_calls
from dermaflow.ml.evaluation.predictions import Predictions

CLASSES = ("mel", "nv")


def of_scores(melanomas: list[float], others: list[float]) -> Predictions:
    """Images of two classes by their probability of the first."""
    scores = np.array([*melanomas, *others])
    labels = np.array([0] * len(melanomas) + [1] * len(others))
    return Predictions(
        CLASSES, labels, np.stack([scores, 1 - scores], 1), np.arange(len(scores)).astype(str)
    )


HAND = of_scores([0.9, 0.7, 0.6, 0.2], [0.8, 0.5, 0.4, 0.3, 0.1])


def rates(predictions: Predictions, threshold: float, weights: np.ndarray | None = None):
    rule = DecisionRule(thresholds={"point": Threshold("mel", threshold)})
    weights = np.ones((1, len(predictions))) if weights is None else weights
    found = score_calls(predictions, rule, weights)
    return {measure: found[f"point/{measure}"].tolist() for measure in MEASURES}


@pytest.mark.parametrize(
    ("target", "threshold"),
    [
        (0.25, 0.9),
        (0.26, 0.7),
        (0.5, 0.7),
        (0.75, 0.6),
        (0.76, 0.2),
        (1, 0.2),
    ],
)
def test_the_highest_threshold_that_finds_enough(target: float, threshold: float) -> None:
    assert choose_threshold(HAND, Target("mel", "recall", target)) == threshold


@pytest.mark.parametrize(
    ("target", "threshold"),
    [
        (0.2, 0.2),  # one of five others scores less
        (0.4, 0.4),  # two
        (0.6, 0.5),
        (0.61, 0.6),
        (0.8, 0.6),
        (0.81, 0.9),
        (1, 0.9),
    ],
)
def test_the_lowest_threshold_that_leaves_enough_others_alone(
    target: float, threshold: float
) -> None:
    assert choose_threshold(HAND, Target("mel", "specificity", target)) == threshold


def test_images_of_equal_score_are_called_together() -> None:
    tied = of_scores([0.9, 0.5, 0.5, 0.5], [0.5, 0.5, 0.1])
    assert choose_threshold(tied, Target("mel", "recall", 0.5)) == 0.5
    assert rates(tied, 0.5)["recall"] == [1]
    assert choose_threshold(tied, Target("mel", "specificity", 0.5)) == 0.9
    assert rates(tied, 0.9)["specificity"] == [1]


@pytest.mark.parametrize("measure", ["recall", "specificity"])
@pytest.mark.parametrize("digits", [1, 2, 9])
def test_the_target_is_reached_and_no_better_threshold_reaches_it(
    measure: str, digits: int
) -> None:
    rng = np.random.default_rng(2)
    predictions = of_scores(
        rng.beta(3, 2, 60).round(digits).tolist(), rng.beta(2, 3, 200).round(digits).tolist()
    )
    candidates = np.unique(predictions.probabilities[:, 0])
    for target in (0.05, 0.1, 0.3, 0.5, 0.7, 0.85, 0.9):
        chosen = choose_threshold(predictions, Target("mel", measure, target))
        assert rates(predictions, chosen)[measure][0] >= target
        better = candidates[candidates > chosen if measure == "recall" else candidates < chosen]
        assert all(rates(predictions, other)[measure][0] < target for other in better)


def test_a_higher_recall_never_asks_for_a_higher_threshold() -> None:
    targets = np.linspace(0.05, 1, 20)
    by_recall, by_specificity = (
        [choose_threshold(HAND, Target("mel", measure, target)) for target in targets]
        for measure in ("recall", "specificity")
    )
    assert (np.diff(by_recall) <= 0).all()
    assert (np.diff(by_specificity) >= 0).all()


@pytest.mark.parametrize(
    ("predictions", "target", "reason"),
    [
        (HAND, Target("bcc", "recall", 0.9), "there is no class bcc among mel, nv"),
        (of_scores([], [0.5]), Target("mel", "recall", 0.9), "no validation image is of mel"),
        (
            of_scores([0.5], []),
            Target("mel", "specificity", 0.9),
            "no validation image is of another class than mel",
        ),
        (
            of_scores([0.5], [0.9, 0.9, 0.1]),
            Target("mel", "specificity", 0.9),
            "no threshold has a specificity of 0.9",
        ),
    ],
)
def test_why_there_is_no_threshold_is_said(
    predictions: Predictions, target: Target, reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        choose_threshold(predictions, target)


def test_rates_by_hand_under_weights() -> None:
    assert rates(HAND, 0.5) == {"recall": [0.75], "specificity": [0.6], "precision": [0.6]}
    weights = np.array([[2, 0, 1, 1, 1, 1, 0, 0, 3], [0, 0, 0, 1, 0, 0, 1, 0, 0]], float)
    found = rates(HAND, 0.5, weights)
    assert found["recall"] == [0.75, 0]
    assert found["specificity"] == [0.6, 1]
    assert found["precision"][0] == 0.6
    assert np.isnan(found["precision"][1])  # nothing is called
