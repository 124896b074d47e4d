"""The affine map that lays points nearest to others, the same on every processor.

Sums are those of whole numbers. What follows are single additions, multiplications, divisions and
square roots, which IEEE 754 rounds everywhere alike.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dermaflow.data.duplicates.keypoints import Whole


class Affine(NamedTuple):
    """Maps (x, y) to (a x + b y + e, c x + d y + f)."""

    a: float
    b: float
    c: float
    d: float
    e: float
    f: float

    @property
    def zoom(self) -> float:
        """By how much lengths grow in the mean over directions."""
        return math.sqrt(abs(self.a * self.d - self.b * self.c))

    @property
    def turn(self) -> tuple[float, float]:
        """Cosine and sine of the rotation in it, times a length."""
        return self.a + self.d, self.c - self.b

    def misses(self, points: Whole, others: Whole) -> NDArray[np.float64]:
        """Squared distance between where each point is mapped to and the other, float64 (N,)."""
        x, y = points.T
        across = self.a * x + self.b * y + (self.e - others[:, 0])
        down = self.c * x + self.d * y + (self.f - others[:, 1])
        misses: NDArray[np.float64] = across * across + down * down
        return misses


def fit_affine(points: Whole, others: Whole, squeeze: float) -> Affine | None:
    """Lay points over others by least squares.

    Args:
        points, others: int64 (N, 2) of fewer than 2^15 each, N below 2^20.
        squeeze: by how much lengths may grow more along one axis than along another, as a factor
            above 1. If they would grow more than that, or the points lie on a line, all directions
            grow alike.

    Returns:
        None where all points are one.
    """
    count = len(points)
    x, y, u, v = (int(values.sum()) for values in (*points.T, *others.T))

    def spread(one: NDArray[np.int64], other: NDArray[np.int64], sums: int) -> int:
        return count * int((one * other).sum()) - sums

    (px, py), (qu, qv) = points.T, others.T
    xx, xy, yy = spread(px, px, x * x), spread(px, py, x * y), spread(py, py, y * y)
    xu, yu = spread(px, qu, x * u), spread(py, qu, y * u)
    xv, yv = spread(px, qv, x * v), spread(py, qv, y * v)
    if xx + yy == 0:
        return None
    area = xx * yy - xy * xy
    if area > 0:
        a, b = (xu * yy - yu * xy) / area, (yu * xx - xu * xy) / area
        c, d = (xv * yy - yv * xy) / area, (yv * xx - xv * xy) / area
    if area == 0 or _is_squeezed(a, b, c, d, squeeze):
        a, c = (xu + yv) / (xx + yy), (xv - yu) / (xx + yy)
        b, d = -c, a
    return Affine(a, b, c, d, (u - a * x - b * y) / count, (v - c * x - d * y) / count)


def _is_squeezed(a: float, b: float, c: float, d: float, squeeze: float) -> bool:
    """Whether it squeezes by more than allowed, or mirrors.

    Of the two singular values s and t, s² + t² is the sum of squares and st the determinant.
    """
    return a * a + b * b + c * c + d * d > (squeeze + 1 / squeeze) * (a * d - b * c)
