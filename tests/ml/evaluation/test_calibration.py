"""Temperatures and prior exponents against closed forms."""

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.metrics import log_loss

from dermaflow.ml.evaluation.calibration import fit_calibration, fit_temperature

PREVALENCES = np.array([0.7, 0.2, 0.08, 0.02])


def made_of(temperature: float, images: int = 4000) -> tuple[np.ndarray, np.ndarray]:
    """Logits that are ``temperature`` times those by which the labels were drawn."""
    rng = np.random.default_rng(0)
    logits = rng.normal(scale=2, size=(images, 4))
    powers = np.exp(logits)
    edges = (powers / powers.sum(1, keepdims=True)).cumsum(1)
    labels = (rng.random((images, 1)) > edges[:, :-1]).sum(1)
    return temperature * logits, labels


def nll(logits: np.ndarray, labels: np.ndarray, temperature: float) -> float:
    return log_loss(labels, softmax(logits / temperature, axis=1), labels=range(logits.shape[1]))


def test_two_classes_by_hand() -> None:
    # Three of four images are right, all by a margin of 2: p = 3/4 is log 3 = 2 / T.
    logits = np.array([[2.0, 0], [2, 0], [0, 2], [2, 0]])
    labels = np.array([0, 0, 1, 1])
    assert fit_temperature(logits, labels) == pytest.approx(2 / np.log(3))


@pytest.mark.parametrize("factor", [0.02, 0.5, 1, 3, 40])
def test_the_factor_by_which_logits_are_too_large_is_found(factor: float) -> None:
    logits, labels = made_of(1)
    alone = fit_temperature(logits, labels)
    assert alone == pytest.approx(1, abs=0.05)
    assert fit_temperature(factor * logits, labels) == pytest.approx(factor * alone)


@pytest.mark.parametrize("factor", [0.5, 3])
def test_no_temperature_near_it_makes_the_labels_more_likely(factor: float) -> None:
    logits, labels = made_of(factor)
    best = fit_temperature(logits, labels)
    least = nll(logits, labels, best)
    assert least < nll(logits, labels, 1)
    for other in (0.98, 1.02):
        assert least < nll(logits, labels, other * best)


def test_what_is_added_to_all_logits_of_an_image_changes_nothing() -> None:
    logits, labels = made_of(2)
    shift = np.random.default_rng(1).normal(scale=100, size=(len(labels), 1))
    assert fit_temperature(logits + shift, labels) == pytest.approx(fit_temperature(logits, labels))


def test_where_no_temperature_is_best_there_is_none() -> None:
    right = np.array([[3.0, 0, 0], [0, 1, 0], [0, 0, 2]])
    labels = np.arange(3)
    assert fit_temperature(right, labels) is None  # the colder, the better
    assert fit_temperature(-right, labels) is None  # the hotter, the better
    assert fit_temperature(np.zeros((3, 3)), labels) is None  # all alike
    assert fit_temperature(np.empty((0, 3)), np.empty(0, np.int64)) is None


def test_one_mistake_is_enough_for_a_temperature() -> None:
    logits = np.array([[3.0, 0, 0], [0, 1, 0], [0, 0, 2], [1, 0.9, 0]])
    found = fit_temperature(logits, np.array([0, 1, 2, 1]))
    assert found is not None
    assert 0 < found < 1


def seen_as(
    exponent: float, images: int = 20_000, apart: float = 1.5
) -> tuple[np.ndarray, np.ndarray]:
    """Logits, exact but for their classes' prevalences, of which ``exponent`` is left out.

    Each class is a normal distribution of its own mean, so that Bayes' rule gives the logits.
    """
    rng = np.random.default_rng(0)
    labels = rng.choice(4, images, p=PREVALENCES)
    means = apart * np.eye(4)
    features = means[labels] + rng.normal(size=(images, 4))
    distances = ((features[:, None] - means) ** 2).sum(2)
    return -distances / 2 + (1 - exponent) * np.log(PREVALENCES), labels


@pytest.mark.parametrize("temperature", [0.3, 1, 4])
@pytest.mark.parametrize("exponent", [0, 0.4, 1])
def test_temperature_and_prevalences_that_a_network_left_out_are_found(
    exponent: float, temperature: float
) -> None:
    logits, labels = seen_as(exponent)
    found = fit_calibration(temperature * logits, labels, PREVALENCES)
    assert found is not None
    assert found.temperature == pytest.approx(temperature, rel=0.03)
    assert found.prior_exponent == pytest.approx(exponent, abs=0.03)
    said = softmax(
        temperature * logits / found.temperature + found.prior_exponent * np.log(PREVALENCES), 1
    )
    np.testing.assert_allclose(said.mean(0), PREVALENCES, rtol=0.1)


def test_no_exponent_near_it_makes_the_labels_more_likely() -> None:
    logits, labels = seen_as(0.5, 500)
    best = fit_calibration(logits, labels, PREVALENCES)
    assert best is not None

    def loss(temperature: float, exponent: float) -> float:
        return nll(logits + exponent * temperature * np.log(PREVALENCES), labels, temperature)

    least = loss(best.temperature, best.prior_exponent)
    alone = fit_temperature(logits, labels)
    assert alone is not None
    assert least < loss(alone, 0)
    for factor, step in ((1.01, 0), (0.99, 0), (1, 0.01), (1, -0.01)):
        assert least < loss(factor * best.temperature, best.prior_exponent + step)


@pytest.mark.parametrize(("left_out", "found"), [(-0.5, 0), (1.5, 1)])
def test_the_exponent_stays_within_what_a_training_can_leave_out(
    left_out: float, found: float
) -> None:
    logits, labels = seen_as(left_out)
    calibration = fit_calibration(logits, labels, PREVALENCES)
    assert calibration is not None
    assert calibration.prior_exponent == found


def test_both_are_found_where_no_temperature_alone_is() -> None:
    """Rare classes are said so often that the logits tell less than nothing of the labels."""
    logits, labels = seen_as(1, apart=0.7)
    assert fit_temperature(logits - 0.5 * np.log(PREVALENCES), labels) is None
    found = fit_calibration(logits - 0.5 * np.log(PREVALENCES), labels, PREVALENCES)
    assert found is not None
    assert found.prior_exponent == 1
    assert 1 < found.temperature < 4


def test_equal_prevalences_leave_the_temperature_alone() -> None:
    logits, labels = made_of(3)
    calibration = fit_calibration(logits, labels, np.full(4, 0.25))
    assert calibration is not None
    assert calibration.temperature == pytest.approx(fit_temperature(logits, labels))
    assert calibration.prior_exponent == 0


def test_without_a_temperature_there_is_no_calibration() -> None:
    right = np.array([[3.0, 0, 0], [0, 1, 0], [0, 0, 2]])
    assert fit_calibration(right, np.arange(3), np.array([0.5, 0.3, 0.2])) is None
    third = np.full(3, 1 / 3)
    assert fit_calibration(np.empty((0, 3)), np.empty(0, np.int64), third) is None
    assert fit_calibration(np.zeros((3, 3)), np.arange(3), third) is None
    assert fit_calibration(-right, np.arange(3), third) is None


def test_where_all_are_of_one_class_the_prevalences_count_in_full() -> None:
    logits = np.array([[2.0, 0], [2, 0], [0, 2], [2, 0]])
    found = fit_calibration(logits, np.zeros(4, np.int64), np.array([0.8, 0.2]))
    assert found is not None
    assert found.prior_exponent == 1
