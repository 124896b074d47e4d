"""Functions whose results are equal to the bit on every processor.

Those of numpy and of the system's library differ in the last bit with what the processor can do. A
phantom's pixels, its file and so the version of the data would differ with them. Here only single
additions, multiplications, divisions and square roots are used, which IEEE 754 rounds everywhere
alike, and sums of whole numbers.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Doubles = NDArray[np.float64]

# Of the Taylor series of sin(y) / y in y², for a quarter turn to within 1e-11.
_SINE = [(-1) ** k / math.factorial(2 * k + 1) for k in range(9)]
# Of atan(y) / y in y², for a sixteenth of a turn to within 1e-9.
_ARC = [(-1) ** k / (2 * k + 1) for k in range(10)]
_UNIT = 2**20  # parts of 1 in which values are added up


def sine(angle: ArrayLike) -> Doubles:
    """Sine of angles in radians, float64, to within 1e-10."""
    turns = np.asarray(angle, np.float64) / (2 * math.pi)
    turns = turns - np.rint(turns)  # -1/2 … 1/2
    folded = np.where(np.abs(turns) > 0.25, np.copysign(0.5, turns) - turns, turns)
    return _series(folded * (2 * math.pi), _SINE)


def cosine(angle: ArrayLike) -> Doubles:
    """Cosine of angles in radians, float64, to within 1e-10."""
    return sine(np.asarray(angle, np.float64) + math.pi / 2)


def direction(y: ArrayLike, x: ArrayLike) -> Doubles:
    """Angle of points in radians, -π … π, float64, to within 1e-8; 0 for the origin."""
    y, x = np.asarray(y, np.float64), np.asarray(x, np.float64)
    high, low = np.maximum(np.abs(y), np.abs(x)), np.minimum(np.abs(y), np.abs(x))
    slope = low / np.where(high > 0, high, 1)
    half = slope / (1 + np.sqrt(1 + slope * slope))
    angle = 2 * _series(half, _ARC)
    angle = np.where(np.abs(y) > np.abs(x), math.pi / 2 - angle, angle)
    turned: Doubles = np.copysign(np.where(x < 0, math.pi - angle, angle), y)
    return turned


def distance(x: Any, y: Any) -> Any:
    """Length of vectors, in their own precision."""
    return np.sqrt(x * x + y * y)


def mean(values: NDArray[np.floating], axis: int | tuple[int, ...] | None = None) -> Doubles:
    """Mean along axes, float64, to within a millionth, whatever the order of adding up."""
    whole = np.rint(np.asarray(values, np.float64) * _UNIT).astype(np.int64)
    total = whole.sum(axis=axis)
    return np.asarray(total / (whole.size // np.size(total)) / _UNIT)


def _series(y: Doubles, coefficients: list[float]) -> Doubles:
    """The odd polynomial y (c_0 + c_1 y² + c_2 y⁴ + …)."""
    square = y * y
    result = np.full_like(y, coefficients[-1])
    for coefficient in reversed(coefficients[:-1]):
        result = result * square + coefficient
    return np.asarray(result * y)
