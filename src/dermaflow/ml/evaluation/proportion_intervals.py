"""Closed-form intervals of shares of images, and of means of such shares.

A bootstrap cannot say how sure a share at an end of its range is: each resample of two melanomas
that were both found has both found, so its interval is 1.000 to 1.000. Wilson's interval holds all
true shares that leave such a finding plausible: from 0.34 up for two of two, from 0.80 up for
fifteen of fifteen.

The share is that of the images, since each image is one answer of the model. The count is that of
the groups (lesions, or patients where they are known): images of one lesion look alike and are
answered alike, so that ten more of them are hardly more evidence.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from statistics import NormalDist
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from dermaflow.ml.evaluation.estimate import Estimate

Interval: TypeAlias = tuple[float, float]


def wilson_interval(share: float, groups: int, confidence: float) -> Interval:
    """Score interval of a share (Wilson 1927, doi:10.1080/01621459.1927.10502953).

    It holds each true share p for which ``share`` lies within z standard errors of p,
    sqrt(p * (1 - p) / groups), where z is the normal quantile of the confidence.

    Args:
        share: of the images, in [0, 1].
        groups: with an image in the share's denominator, at least 1.
        confidence: in (0, 1), such as 0.95.

    Returns:
        Both ends, in [0, 1]; the share lies between them. Never of no width.
    """
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    scale = 1 / (1 + z**2 / groups)
    centre = scale * (share + z**2 / (2 * groups))
    half = scale * z * sqrt(share * (1 - share) / groups + z**2 / (4 * groups**2))
    # Rounding must not leave [0, 1], nor the share itself outside.
    return max(0.0, min(share, centre - half)), min(1.0, max(share, centre + half))


def mean_interval(shares: Sequence[tuple[float, int]], confidence: float) -> Interval:
    """Interval of the mean of independent shares, from the Wilson intervals of each of them.

    MOVER, the method of variance estimates recovery (Zou and Donner 2008, doi:10.1002/sim.3095):
    the distance from the mean to its lower end is the root of the summed squares of the shares' own
    distances, over their number; likewise for the upper end. The two sides need not be equal, so a
    mean of perfect shares ends at 1 and begins below it.

    Args:
        shares: at least one, such as the recall of each class, with the groups behind it.
        confidence: in (0, 1).
    """
    mean = sum(share for share, _ in shares) / len(shares)
    below = above = 0.0
    for share, groups in shares:
        low, high = wilson_interval(share, groups, confidence)
        below += (share - low) ** 2
        above += (high - share) ** 2
    return max(0.0, mean - sqrt(below) / len(shares)), min(1.0, mean + sqrt(above) / len(shares))


def estimate_share(
    hits: NDArray[np.bool_], groups: NDArray[np.str_], confidence: float, least: int
) -> Estimate:
    """The share of images that something holds for, such as a coverage, with its interval.

    Args:
        hits: (N,), for which images it holds; of at least one image.
        groups: (N,), of each image.
        confidence: in (0, 1).
        least: groups, below which the share is said to be of insufficient data.
    """
    share, count = float(hits.mean()), len(np.unique(groups))
    low, high = wilson_interval(share, count, confidence)
    return Estimate(share, low, high, count).require_groups(least)
