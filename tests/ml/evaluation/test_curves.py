"""Rankings, curves and counts by hand and against scikit-learn."""

import numpy as np
import pytest
from sklearn import metrics as reference

from dermaflow.ml.evaluation.curves import (
    confidence_bins,
    confusion_matrices,
    divide,
    precision_recall_curve,
    rank,
    roc_curve,
)
from dermaflow.ml.evaluation.predictions import Predictions


def test_images_of_equal_score_are_one_step_of_a_ranking():
    scores = np.array([0.2, 0.9, 0.5, 0.9, 0.2])
    positive = np.array([True, True, False, False, True])
    weights = np.array([[1.0, 1, 1, 1, 1], [0, 2, 3, 4, 5]])
    ranking = rank(positive, scores, weights)
    assert ranking.positives.tolist() == [[1, 0, 2], [2, 0, 5]]  # at 0.9, 0.5 and 0.2
    assert ranking.negatives.tolist() == [[1, 1, 0], [4, 3, 0]]


def test_a_ranking_without_ties_has_a_step_an_image():
    ranking = rank(np.array([True, False, True]), np.array([0.1, 0.3, 0.2]), np.ones((1, 3)))
    assert ranking.positives.tolist() == [[0, 1, 1]]
    assert ranking.negatives.tolist() == [[1, 0, 0]]


def test_a_roc_curve_goes_from_no_alarm_to_all():
    ranking = rank(np.array([True, False, True]), np.array([0.1, 0.3, 0.2]), np.ones((1, 3)))
    false, true = roc_curve(ranking)
    assert false.tolist() == [[0, 1, 1, 1]]
    assert true.tolist() == [[0, 0, 0.5, 1]]


def test_curves_equal_scikit_learn():
    rng = np.random.default_rng(3)
    positive = rng.random(400) < 0.3
    scores = (rng.normal(size=400) + positive).round(1)  # many of them tie
    weights = rng.integers(0, 4, 400).astype(float)
    ranking = rank(positive, scores, np.stack([np.ones(400), weights]))
    for row, sample_weight in enumerate((None, weights)):
        false, true = (curve[row] for curve in roc_curve(ranking))
        expected = reference.roc_curve(
            positive, scores, sample_weight=sample_weight, drop_intermediate=False
        )
        np.testing.assert_allclose([false, true], expected[:2], atol=1e-12)
        precision, recall = (curve[row, ::-1] for curve in precision_recall_curve(ranking))
        expected = reference.precision_recall_curve(positive, scores, sample_weight=sample_weight)
        np.testing.assert_allclose(precision, expected[0][:-1], atol=1e-12)
        np.testing.assert_allclose(recall, expected[1][:-1], atol=1e-12)


def test_confusion_has_the_truth_in_rows_and_what_was_answered_in_columns():
    labels, answered = np.array([0, 0, 1, 2]), np.array([1, 1, 0, 2])
    predictions = Predictions(
        ("a", "b", "c"), labels, np.full((4, 3), 1 / 3), np.arange(4).astype(str), answered
    )
    confusion = confusion_matrices(predictions, np.array([[1.0, 1, 1, 1], [0, 2, 3, 0]]))
    assert confusion.tolist() == [
        [[0, 2, 0], [1, 0, 0], [0, 0, 1]],
        [[0, 2, 0], [3, 0, 0], [0, 0, 0]],
    ]


@pytest.mark.parametrize(
    ("value", "place"), [(0.0, 0), (0.2499, 0), (0.25, 1), (0.75, 3), (1.0, 3)]
)
def test_a_bin_holds_its_lower_end_and_the_last_one_both(value, place):
    assert confidence_bins(np.array([value]), 4).tolist() == [place]


def test_a_quotient_by_nothing_is_undefined_even_of_nothing():
    found = divide(np.array([[1.0, 0.0], [3.0, 0.0]]), np.array([[2.0], [0.0]]))
    assert found[0].tolist() == [0.5, 0]
    assert np.isnan(found[1]).all()
