"""Curves of one class against the rest, by hand and against the metrics of the same images."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from dermaflow.ml.evaluation.estimate import Estimate
from dermaflow.ml.evaluation.predictions import Predictions
from dermaflow.reporting.class_curves import class_curves, point_rates
from reporting.small_predictions import CLASSES, make_predictions, scores_of


def two_classes(is_mel, p_mel):
    p_mel = np.array(p_mel)
    labels = np.where(is_mel, 0, 1)
    groups = np.arange(len(labels)).astype(str)
    return Predictions(("mel", "nv"), labels, np.stack([p_mel, 1 - p_mel], 1), groups)


def test_images_of_equal_probability_are_one_step_of_both_curves():
    curves = class_curves(two_classes([1, 0, 1, 0, 0], [0.9, 0.8, 0.7, 0.7, 0.1]), "mel")
    false, true = curves.roc
    np.testing.assert_allclose(false, [0, 0, 1 / 3, 2 / 3, 1])
    np.testing.assert_allclose(true, [0, 0.5, 0.5, 1, 1])
    recall, precision = curves.precision_recall
    np.testing.assert_allclose(recall, [0, 0.5, 1])
    np.testing.assert_allclose(precision, [1, 1, 0.5])


def test_precision_begins_at_the_first_hit_and_takes_the_strictest_of_equal_recalls():
    curves = class_curves(two_classes([0, 1, 0, 0], [0.9, 0.8, 0.7, 0.1]), "mel")
    recall, precision = curves.precision_recall
    np.testing.assert_allclose(recall, [0, 1])
    np.testing.assert_allclose(precision, [0.5, 0.5])


@pytest.mark.parametrize("is_mel", [[0, 0, 0], [1, 1, 1]])
def test_without_images_on_both_sides_there_are_no_curves(is_mel):
    assert class_curves(two_classes(is_mel, [0.9, 0.5, 0.1]), "mel") is None


@pytest.mark.parametrize("code", CLASSES)
def test_areas_under_the_curves_are_the_reported_metrics(code):
    predictions = make_predictions()
    curves = class_curves(predictions, code)
    false, true = curves.roc
    assert np.trapezoid(true, false) == pytest.approx(scores_of(predictions)[f"{code}/auc"].value)
    number = CLASSES.index(code)
    expected = average_precision_score(
        predictions.labels == number, predictions.probabilities[:, number]
    )
    recall, precision = curves.precision_recall
    # Of a step that is drawn as ``steps-pre``, the height is that of its right end.
    assert np.sum(np.diff(recall) * precision[1:]) == pytest.approx(expected)


def test_a_point_without_one_of_its_rates_is_left_out_and_the_others_keep_their_order():
    scores = {
        f"{point}/{measure}": Estimate(value)
        for point, values in (("wide", (0.9, 0.3, 0.2)), ("strict", (0.4, 0.8, 0.6)))
        for measure, value in zip(("recall", "specificity", "precision"), values, strict=True)
    }
    scores |= {"silent/recall": Estimate(0.0), "silent/specificity": Estimate(1.0)}
    assert list(point_rates(scores, ["strict", "silent", "wide"])) == [
        {"recall": 0.4, "specificity": 0.8, "precision": 0.6},
        {"recall": 0.9, "specificity": 0.3, "precision": 0.2},
    ]
