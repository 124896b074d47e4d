"""How many features must agree, so that hardly any pair is one by chance.

Among pairs of different lesions, the number with just t agreeing features falls by nearly the same
factor with every step of t. How fast depends on the pictures: tenfold for HAM10000, by half where
all lesions have one regular pattern. So the fall is measured on the pictures themselves, over the
fewest features, and carried on to where less than one pair is to be expected. Real pairs do not
disturb it, however many they are: they are spread thinly over large numbers of features.

All is told in whole numbers, so that a border falls to the same side on every processor.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike, NDArray

FEWEST = 4  # agreeing features; two alone determine an alignment

_FEW = 10  # pairs from which no fall can be measured
_REAL = 0.01  # of the pairs with the fewest features: what is rarer may be real


def needed_agreement(agreeing: ArrayLike, least: int, chance_pairs: float) -> int:
    """The number of agreeing features that makes a pair.

    Args:
        agreeing: of each pair of different lesions, int (N,).
        least: the result is never below.
        chance_pairs: pairs of different lesions that may be expected by chance; above 0.
    """
    counts = np.bincount(np.asarray(agreeing, dtype=np.int64), minlength=FEWEST + 2)
    if counts[FEWEST:].sum() < _FEW:
        return least
    first = int(counts[FEWEST])
    last = _end_of_fall(counts, max(_FEW, _REAL * first))
    left = max(int(counts[last]), 1)
    if left >= first:  # nothing falls, so that nothing can be told from chance
        return max(least, len(counts))
    steps = last - FEWEST
    total = int(counts[FEWEST : last + 1].sum())
    # By how much must `total` fall, and by how much does it in `steps` steps? Both to the power of
    # `steps`, so that no root is drawn.
    wanted = (Fraction(total) / Fraction(str(chance_pairs))) ** steps
    step, reached = 0, Fraction(1)
    while reached < wanted:
        step, reached = step + 1, reached * Fraction(first, left)
    return max(least, FEWEST + step)


def _end_of_fall(counts: NDArray[np.int64], floor: float) -> int:
    """The number of features up to which every count is below the last, and not below a floor."""
    last = FEWEST
    while last + 1 < len(counts) and floor <= counts[last + 1] < counts[last]:
        last += 1
    return max(last, FEWEST + 1)
