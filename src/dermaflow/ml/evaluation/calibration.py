"""Calibration: probabilities that mean what they say."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq, minimize
from scipy.special import log_softmax, softmax


@dataclass(frozen=True)
class Calibration:
    """p_c is in proportion to exp(z_c / temperature) * prevalence_c ** prior_exponent.

    Attributes:
        temperature: above 0.
        prior_exponent: in [0, 1]: 0 where the network knows already how frequent classes are, 1
            where it takes all for equally frequent.
    """

    temperature: float
    prior_exponent: float = 0.0


def fit_calibration(
    logits: NDArray[np.float64],
    labels: NDArray[np.int64],
    prevalences: NDArray[np.float64] | None = None,
) -> Calibration | None:
    """What minimises the negative log likelihood: a temperature, or with it a prior exponent.

    A network that saw rare classes more often than they are, in balanced draws or by synthetic
    images, or whose loss favoured them, says them too often, which no temperature mends. Bayes'
    rule does, by the ratio of prevalences here and there (Elkan 2001). Where it saw them in
    proportion to prevalence ** (1 - a), that is the factor prevalence ** a; a is fitted, since
    networks take over what they saw only in part. It is bias-corrected temperature scaling
    (Alexandari et al. 2020, arXiv:1901.06852) with one number in the place of a bias a class.

    Args:
        logits: (N, C), of images that the network was not fitted to.
        labels: (N,), index of the true class of each.
        prevalences: (C,), above 0, of the classes where the probabilities are to hold; None for a
            temperature alone.

    Returns:
        None where there is no minimum, as ``fit_temperature`` says. Where only the two numbers
        together have none, the temperature alone.
    """
    both = None if prevalences is None else _fit_both(logits, labels, np.log(prevalences))
    if both:
        return both
    alone = fit_temperature(logits, labels)
    return None if alone is None else Calibration(alone)


def _fit_both(
    logits: NDArray[np.float64], labels: NDArray[np.int64], log_prevalences: NDArray[np.float64]
) -> Calibration | None:
    """Temperature and exponent, in whose inverse and which the loss is convex."""
    images = np.arange(len(labels))
    surplus = logits - logits.max(1, keepdims=True)
    if not surplus[images, labels].any():  # none is wrong, or there is none: no temperature is best
        return None
    spread = surplus.std()
    # (2, N, C), what 1 / temperature, in units of the spread, and the exponent multiply.
    directions = np.stack([surplus / spread, np.broadcast_to(log_prevalences, logits.shape)])
    of_truth = directions[:, images, labels].mean(1)

    def loss_and_slope(factors: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        log_probabilities = log_softmax(np.tensordot(factors, directions, 1), axis=1)
        expected = (np.exp(log_probabilities) * directions).sum(2).mean(1)
        return float(-log_probabilities[images, labels].mean()), expected - of_truth

    least = 1e-3  # of the inverse: below, the logits tell nothing that the prevalences do not
    inverse, exponent = minimize(
        loss_and_slope,
        np.array([1.0, 0.0]),
        jac=True,
        method="L-BFGS-B",
        bounds=[(least, None), (0.0, 1.0)],
        options={"ftol": 1e-14, "gtol": 1e-9},
    ).x
    return Calibration(float(spread / inverse), float(exponent)) if inverse > least else None


def fit_temperature(logits: NDArray[np.float64], labels: NDArray[np.int64]) -> float | None:
    """The temperature T of softmax(z / T) that minimises the negative log likelihood.

    Guo et al. 2017 (arXiv:1706.04599). In the inverse temperature b the mean of
    log sum_c exp(b z_c) - b z_y over images is convex, and its derivative, the mean of
    sum_c p_c z_c - z_y, grows from b = 0 on: one root, found by Brent's method, and no step size or
    start to choose.

    Args:
        logits: (N, C), of images that the network was not fitted to.
        labels: (N,), index of the true class of each.

    Returns:
        T, above 0. None where there is no such minimum: no image is given; every one is right, so
        that the likelihood grows as long as T falls; or the logits tell less than nothing of the
        labels, so that it grows as long as T rises.
    """
    if not len(labels):
        return None
    # Of the largest logit, which changes no probability: all are at most 0.
    surplus = logits - logits.max(1, keepdims=True)
    of_truth = surplus[np.arange(len(labels)), labels].mean()

    def slope(inverse: float) -> float:
        expected = (softmax(inverse * surplus, axis=1) * surplus).sum(1).mean()
        return float(expected - of_truth)

    if slope(0.0) >= 0 or of_truth == 0:
        return None
    upper = 1.0
    while slope(upper) <= 0:
        upper *= 2
    return 1 / float(brentq(slope, 0.0, upper, xtol=1e-12, rtol=1e-12))
