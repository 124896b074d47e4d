"""Metrics against scikit-learn and closed forms."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn import metrics as reference

from dermaflow.ml.evaluation.curves import rank
from dermaflow.ml.evaluation.metrics import auc, precision_at_recall, recall_at_specificity, score
from dermaflow.ml.evaluation.operating_points import Target
from dermaflow.ml.evaluation.predictions import Predictions

CLASSES = ("akiec", "bcc", "mel", "nv")
BINS = 10
TARGETS = (Target("mel", "recall", 0.85), Target("mel", "specificity", 0.9))


def make_predictions(
    images: int = 400, *, digits: int | None = None, classes: tuple[str, ...] = CLASSES
) -> Predictions:
    """Predictions better than chance; rounding to ``digits`` makes ties."""
    rng = np.random.default_rng(3)
    labels = rng.choice(len(classes), images, p=np.arange(1, len(classes) + 1) / 10)
    logits = rng.normal(size=(images, len(classes))) + 1.5 * np.eye(len(classes))[labels]
    probabilities = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    if digits is not None:
        probabilities = np.maximum(probabilities.round(digits), 10.0**-digits)
        probabilities /= probabilities.sum(1, keepdims=True)
    groups = np.array([f"g{number // 2}" for number in range(images)])
    return Predictions(classes, labels, probabilities, groups)


def points(predictions: Predictions, weights: np.ndarray | None = None) -> dict[str, float]:
    weights = np.ones(len(predictions)) if weights is None else weights
    values = score(predictions, weights[None], BINS, TARGETS)
    return {name: float(value[0]) for name, value in values.items()}


@pytest.mark.parametrize("digits", [None, 1])
@pytest.mark.parametrize("weighted", [False, True])
def test_equals_scikit_learn(digits: int | None, weighted: bool) -> None:
    predictions = make_predictions(digits=digits)
    weights = np.ones(len(predictions))
    if weighted:
        weights = np.random.default_rng(5).integers(0, 4, len(predictions)).astype(float)
    truth, called = predictions.labels, predictions.predicted
    probabilities = predictions.probabilities
    ours = points(predictions, weights)
    by_class = reference.precision_recall_fscore_support(truth, called, sample_weight=weights)
    aucs = [
        reference.roc_auc_score(truth == c, probabilities[:, c], sample_weight=weights)
        for c in range(len(CLASSES))
    ]
    expected = {
        "accuracy": reference.accuracy_score(truth, called, sample_weight=weights),
        "balanced_accuracy": reference.balanced_accuracy_score(
            truth, called, sample_weight=weights
        ),
        "macro_f1": by_class[2].mean(),
        "macro_auc": np.mean(aucs),
        "log_loss": reference.log_loss(truth, probabilities, sample_weight=weights),
    }
    for c, code in enumerate(CLASSES):
        names = ("precision", "recall", "f1", "support")
        expected |= {f"{code}/{n}": v[c] for n, v in zip(names, by_class, strict=True)}
        expected[f"{code}/auc"] = aucs[c]
    for name, value in expected.items():
        assert ours[name] == pytest.approx(value, abs=1e-12), name


def test_each_row_of_weights_is_scored_as_if_alone() -> None:
    predictions = make_predictions(60, digits=1)
    weights = np.random.default_rng(0).integers(0, 3, (5, 60)).astype(float)
    together = score(predictions, weights, BINS, TARGETS)
    for row in range(5):
        alone = points(predictions, weights[row])
        for name, values in together.items():
            np.testing.assert_allclose(values[row], alone[name], rtol=1e-12, err_msg=name)


def test_weight_is_the_same_as_repetition() -> None:
    predictions = make_predictions(80, digits=1)
    counts = np.random.default_rng(1).integers(0, 4, 80)
    repeated = Predictions(
        CLASSES,
        np.repeat(predictions.labels, counts),
        np.repeat(predictions.probabilities, counts, axis=0),
        np.repeat(predictions.groups, counts),
    )
    weighted = points(predictions, counts.astype(float))
    for name, value in points(repeated).items():
        assert weighted[name] == pytest.approx(value, abs=1e-12), name


def test_precision_at_recall_by_hand() -> None:
    # Falling scores: + - + + - -. Recall 2/3 is had at the third with precision 2/3, and
    # recall 1 at the fourth with precision 3/4, which is better.
    positive = np.array([1, 0, 1, 1, 0, 0], bool)
    ranking = rank(positive, np.arange(6, 0, -1.0), np.ones((1, 6)))
    assert precision_at_recall(ranking, 1 / 3) == 1
    assert precision_at_recall(ranking, 2 / 3) == pytest.approx(0.75)
    assert precision_at_recall(ranking, 1) == pytest.approx(0.75)


def test_recall_at_specificity_by_hand() -> None:
    # Falling scores: + - + + - -, of which a threshold above all calls none.
    positive = np.array([1, 0, 1, 1, 0, 0], bool)
    ranking = rank(positive, np.arange(6, 0, -1.0), np.ones((1, 6)))
    assert recall_at_specificity(ranking, 1) == pytest.approx(1 / 3)
    assert recall_at_specificity(ranking, 2 / 3) == 1
    turned = rank(~positive, np.arange(6, 0, -1.0), np.ones((1, 6)))
    assert recall_at_specificity(turned, 1) == 0


@pytest.mark.parametrize("alarms", range(11))
def test_a_specificity_that_is_just_reached_is_reached(alarms: int) -> None:
    # The positive scores less than so many of ten others.
    scores = np.arange(11, 0, -1.0)
    ranking = rank(np.arange(11) == alarms, scores, np.ones((1, 11)))
    target = (10 - alarms) / 10
    assert recall_at_specificity(ranking, target) == 1
    if alarms:
        assert recall_at_specificity(ranking, target + 0.01) == 0


def test_what_is_asked_of_a_threshold_is_undefined_without_either_side() -> None:
    scores, ones = np.arange(3.0), np.ones((1, 3))
    none, everyone = (rank(np.full(3, value), scores, ones) for value in (False, True))
    assert np.isnan(recall_at_specificity(none, 0.5))
    assert np.isnan(recall_at_specificity(everyone, 0.5))
    assert np.isnan(precision_at_recall(none, 0.5))


def test_metrics_of_targets_say_what_was_asked() -> None:
    assert [target.metric for target in TARGETS] == [
        "mel/precision_at_recall_0.85",
        "mel/recall_at_specificity_0.9",
    ]
    assert {target.metric for target in TARGETS} <= set(points(make_predictions()))


def test_equal_scores_give_half() -> None:
    ranking = rank(np.array([True, False, True]), np.full(3, 0.3), np.ones((1, 3)))
    assert auc(ranking) == 0.5


def test_calibration_error_by_hand() -> None:
    # Four images said with 0.9, three of them right; one with 0.6, wrong.
    probabilities = np.array([[0.9, 0.1]] * 4 + [[0.6, 0.4]])
    labels = np.array([0, 0, 0, 1, 1])
    predictions = Predictions(("a", "b"), labels, probabilities, np.array(list("abcde")))
    expected = (4 * abs(0.9 - 0.75) + 1 * abs(0.6 - 0)) / 5
    assert points_without_melanoma(predictions)["ece"] == pytest.approx(expected)


def points_without_melanoma(predictions: Predictions) -> dict[str, float]:
    values = score(predictions, np.ones((1, len(predictions))), BINS, ())
    return {name: float(value[0]) for name, value in values.items()}


def test_undefined_values_are_nan_and_out_of_the_means() -> None:
    # Class c has no image, though one is called c; b is never called.
    probabilities = np.array([[0.8, 0.1, 0.1], [0.7, 0.2, 0.1], [0.1, 0.2, 0.7]])
    predictions = Predictions(
        ("a", "b", "c"), np.array([0, 1, 0]), probabilities, np.array(["x", "y", "z"])
    )
    values = points_without_melanoma(predictions)
    undefined = {name for name, value in values.items() if np.isnan(value)}
    assert undefined == {"b/precision", "c/precision", "c/recall", "c/f1", "c/auc"}
    assert values["c/support"] == 0
    assert values["b/f1"] == 0
    assert values["balanced_accuracy"] == pytest.approx((0.5 + 0) / 2)
    assert values["macro_f1"] == pytest.approx((0.5 + 0) / 2)


def test_means_are_of_the_same_classes_under_all_weights() -> None:
    """A resample without an image of b has no mean, and not the better one of a alone."""
    probabilities = np.array([[0.8, 0.1, 0.1], [0.7, 0.2, 0.1], [0.1, 0.2, 0.7]])
    predictions = Predictions(
        ("a", "b", "c"), np.array([0, 1, 0]), probabilities, np.array(["x", "y", "z"])
    )
    values = score(predictions, np.array([[1.0, 1.0, 1.0], [2.0, 0.0, 1.0]]), BINS, ())
    for name in ("balanced_accuracy", "macro_f1", "macro_auc"):
        assert np.isnan(values[name]).tolist() == [False, True], name


def test_a_sure_mistake_costs_a_finite_log_loss() -> None:
    predictions = Predictions(
        ("a", "b"), np.array([1, 1]), np.array([[1.0, 0.0], [0.0, 1.0]]), np.array(["x", "y"])
    )
    assert 0 < points_without_melanoma(predictions)["log_loss"] < 10


def test_another_answer_than_the_most_probable_class_counts_as_it_was_given() -> None:
    """Calibration is of the probabilities, whatever is made of them."""
    probabilities = np.array([[0.75, 0.25], [0.75, 0.25], [0.25, 0.75], [0.25, 0.75]])
    labels = np.array([0, 1, 1, 1])
    plain = Predictions(("a", "b"), labels, probabilities, np.array(list("wxyz")))
    called = replace(plain, called=np.array([1, 1, 1, 1]))
    one = np.ones((1, 4))
    before, after = (score(predictions, one, 10, ()) for predictions in (plain, called))
    assert (before["accuracy"], after["accuracy"]) == (0.75, 0.75)
    assert (before["a/recall"], after["a/recall"]) == (1, 0)
    assert (before["b/recall"], after["b/recall"]) == (pytest.approx(2 / 3), 1)
    for name in ("ece", "log_loss", "macro_auc"):
        assert before[name] == after[name]
