"""The calibration error that chance alone makes."""

import numpy as np

from dermaflow.ml.evaluation.calibration_null import calibration_errors_by_chance
from dermaflow.ml.evaluation.metrics import calibration_error
from dermaflow.ml.evaluation.predictions import Predictions


def make_predictions(images, lesions=None, seed=0, alpha=0.5):
    """Labels drawn from the probabilities, so that these are right."""
    rng = np.random.default_rng(seed)
    groups = np.arange(images) % (lesions or images)
    probabilities = rng.dirichlet([alpha] * 3, groups.max() + 1)
    labels = (rng.random((len(probabilities), 1)) > probabilities.cumsum(1)).sum(1)
    return Predictions(
        ("bcc", "mel", "nv"), labels[groups], probabilities[groups], groups.astype(str)
    )


def errors_of(predictions, draws=400):
    return calibration_errors_by_chance(predictions, 10, draws, np.random.default_rng(1))


def own_error(predictions):
    return float(calibration_error(predictions, np.ones((1, len(predictions))), 10)[0])


def test_right_probabilities_pass_the_95th_percentile_19_times_in_20():
    passed = [
        own_error(one) <= np.quantile(errors_of(one, 200), 0.95)
        for one in (make_predictions(300, seed=seed) for seed in range(200))
    ]
    assert 0.90 <= np.mean(passed) <= 0.985


def test_with_one_bin_it_is_the_distance_of_the_accuracy_from_its_mean():
    predictions = make_predictions(400)
    confidence = predictions.probabilities.max(1)
    errors = calibration_errors_by_chance(predictions, 1, 4000, np.random.default_rng(1))
    deviation = np.sqrt((confidence * (1 - confidence)).sum()) / 400
    # The mean of the absolute value of a normal variable.
    np.testing.assert_allclose(errors.mean(), deviation * np.sqrt(2 / np.pi), rtol=0.05)


def test_overconfident_probabilities_do_not_pass():
    right = make_predictions(600)
    sharper = right.probabilities**3
    sharper /= sharper.sum(1, keepdims=True)
    wrong = Predictions(right.classes, right.labels, sharper, right.groups)
    assert own_error(wrong) > errors_of(wrong).max()


def test_several_images_of_a_lesion_are_no_more_evidence_than_one():
    one, five = make_predictions(100), make_predictions(500, lesions=100)
    np.testing.assert_allclose(errors_of(five), errors_of(one))
