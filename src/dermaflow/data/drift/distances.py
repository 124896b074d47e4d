"""How far two sets of values are apart, and how far chance alone would put them.

What chance does is told by permutation: all values are put together and dealt anew, as often as
asked, into two sets of the same sizes. The p-value is the share of deals that are at least as far
apart as the sets are, the sets themselves being one of the deals (Phipson & Smyth 2010,
doi:10.2202/1544-6115.1585); it is exact for any size of the sets.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist, jensenshannon

Counts = NDArray[np.int64]
Numbers = NDArray[np.float64]

_ROUNDING = 1e-9  # values nearer than this are the same value, added up in another order


@dataclass(frozen=True)
class Distance:
    """How far two sets are apart.

    Attributes:
        statistic: name of the measure.
        value: 0 for equal sets; nan where one of the sets is empty.
        expected_by_chance: mean of the measure over the deals.
        p_value: share of the deals that are as far apart, in (0, 1].
    """

    statistic: str
    value: float
    expected_by_chance: float
    p_value: float


def compare_categories(
    reference: Counts, batch: Counts, permutations: int, rng: np.random.Generator
) -> Distance:
    """Jensen-Shannon distance (base 2) of two sets of categories, in [0, 1].

    Args:
        reference: values in each category, int64 (K,).
        batch: likewise.
        permutations: deals that tell what chance does.
        rng: deals.
    """

    def measure(reference: Counts, batch: Counts) -> Numbers:
        # Each row is divided by its sum; rounding may bring a square a hair below zero.
        distance = jensenshannon(reference, batch, base=2, axis=-1)
        return np.nan_to_num(np.asarray(distance, np.float64))

    return _compare_counts("jensen_shannon", measure, reference, batch, permutations, rng)


def compare_numbers(
    reference: Counts, batch: Counts, width: float, permutations: int, rng: np.random.Generator
) -> Distance:
    """Wasserstein distance of two sets of numbers, in standard deviations of the reference.

    Args:
        reference: values in each of equal bins, int64 (K,).
        batch: likewise.
        width: of a bin.
        permutations: deals that tell what chance does.
        rng: deals.
    """
    places = np.arange(len(reference)) * width

    def measure(reference: Counts, batch: Counts) -> Numbers:
        shares = reference / reference.sum(-1, keepdims=True)
        others = batch / batch.sum(-1, keepdims=True)
        moved = np.abs(np.cumsum(shares - others, axis=-1)).sum(-1) * width
        variance = shares @ places**2 - (shares @ places) ** 2
        return np.asarray(moved / np.maximum(np.sqrt(np.maximum(variance, 0)), width))

    return _compare_counts("wasserstein", measure, reference, batch, permutations, rng)


def compare_samples(
    reference: Numbers, batch: Numbers, permutations: int, rng: np.random.Generator
) -> Distance:
    """Energy distance of two sets of vectors, in [0, 1].

    With A the mean distance between a vector of either set, and B and C those within the sets, it
    is the square root of ``(2 A - B - C) / 2 A`` (Székely & Rizzo 2013,
    doi:10.1016/j.jspi.2013.03.018).

    Args:
        reference: (N, D).
        batch: (M, D).
        permutations: deals that tell what chance does.
        rng: deals.
    """
    count, size = len(reference) + len(batch), len(batch)
    if not size or size == count:
        return Distance("energy", np.nan, np.nan, np.nan)
    vectors = np.concatenate([reference, batch])
    distances = cdist(vectors, vectors)
    in_batch = np.zeros((permutations + 1, count))
    in_batch[:, -size:] = 1  # the sets as they are, first
    in_batch[1:] = rng.permuted(in_batch[1:], axis=1)
    sums = in_batch @ distances
    within_batch = (sums * in_batch).sum(1)
    between = sums.sum(1) - within_batch
    within_reference = distances.sum() - 2 * between - within_batch
    across = 2 * between / (size * (count - size))
    within = within_batch / size**2 + within_reference / (count - size) ** 2
    squares = (across - within) / np.maximum(across, np.finfo(np.float64).tiny)
    values = np.sqrt(np.maximum(squares, 0))
    return _judge("energy", float(values[0]), values[1:])


def _compare_counts(
    statistic: str,
    measure: Callable[[Counts, Counts], Numbers],
    reference: Counts,
    batch: Counts,
    permutations: int,
    rng: np.random.Generator,
) -> Distance:
    size = int(batch.sum())
    if not size or not reference.sum():
        return Distance(statistic, np.nan, np.nan, np.nan)
    pooled = reference + batch
    dealt = rng.multivariate_hypergeometric(pooled, size, permutations, method="marginals")
    value = measure(reference[None], batch[None])[0]
    return _judge(statistic, float(value), measure(pooled - dealt, dealt))


def _judge(statistic: str, value: float, by_chance: Numbers) -> Distance:
    as_far = int((by_chance >= value - _ROUNDING).sum())
    p_value = (1 + as_far) / (1 + len(by_chance))
    return Distance(statistic, value, float(by_chance.mean()), p_value)
