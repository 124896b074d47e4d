"""Temperature scaling: probabilities that mean what they say, without another prediction."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import softmax


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
