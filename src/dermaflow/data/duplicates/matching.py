"""Features of two pictures that are each other's nearest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dermaflow.data.duplicates.keypoints import TURN, Bytes, Keypoints, Whole

# A feature counts as matched if the nearest in the other picture is that much nearer than the next
# (Lowe's ratio of distances, 0.9, here of their squares), and each is the other's nearest.
_RATIO = (81, 100)


@dataclass(frozen=True)
class Matches:
    """Matched features, the most distinct first.

    Attributes:
        first, second: int64 (M, 2), where they lie in the two pictures.
        turns: int64 (M,), by how much the second is turned against the first, in 256ths of a turn.
        growths: float64 (M,), by how much the second is larger.
    """

    first: Whole
    second: Whole
    turns: Whole
    growths: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.first)


def match(first: Keypoints, second: Keypoints) -> Matches:
    """Match the features of two pictures; neither has none."""
    distances = _square_distances(first.descriptors, second.descriptors)
    rows = np.arange(len(first))
    best = distances.argmin(axis=1)
    mutual = distances.argmin(axis=0)[best] == rows
    nearest = distances[rows, best]
    distances[rows, best] = np.inf
    next_nearest = distances.min(axis=1)
    kept = np.flatnonzero(mutual & (_RATIO[1] * nearest < _RATIO[0] * next_nearest))
    ratios = nearest[kept] / next_nearest[kept]
    kept = kept[np.argsort(ratios, kind="stable")]
    there = best[kept]
    return Matches(
        first.points[kept],
        second.points[there],
        (second.angles[there] - first.angles[kept]) % TURN,
        second.sizes[there] / first.sizes[kept],
    )


def _square_distances(first: Bytes, second: Bytes) -> NDArray[np.float32]:
    """Of each descriptor of one picture from each of the other, float32 (N, M).

    Whole numbers below 2^24, which float32 holds exactly, so that any order of adding up will do.
    """
    one, other = first.astype(np.float32), second.astype(np.float32)
    squares = (one * one).sum(axis=1), (other * other).sum(axis=1)
    # a² - 2ab + b² as one product of matrices, which is quicker than three sums.
    one = np.column_stack([-2 * one, squares[0], np.ones_like(squares[0])])
    other = np.column_stack([other, np.ones_like(squares[1]), squares[1]])
    distances: NDArray[np.float32] = one @ other.T
    return distances
