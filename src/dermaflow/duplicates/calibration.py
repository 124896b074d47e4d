"""How many features must agree, so that hardly any pair is one by chance.

Among pairs of different lesions, the number with at least t agreeing features falls by nearly the
same factor with every step of t, until only real pairs are left. How fast depends on the pictures:
tenfold for HAM10000, by half where all lesions have one regular pattern. So the fall is measured on
the pictures themselves, where there are so many pairs that the real ones among them hardly count,
and carried on to where less than one pair is to be expected.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

FEWEST = 4  # agreeing features; two alone determine an alignment

_FEW = 10  # pairs from which no fall can be measured
_REAL = 0.01  # share of the pairs with the fewest features that may be real


def needed_agreement(agreeing: ArrayLike, least: int, chance_pairs: float) -> int:
    """The number of agreeing features that makes a pair.

    Args:
        agreeing: of each pair of different lesions, int (N,).
        least: the result is never below.
        chance_pairs: pairs of different lesions that may be expected by chance; above 0.
    """
    counts = np.bincount(np.asarray(agreeing, dtype=np.int64), minlength=FEWEST + 1)
    at_least = counts[::-1].cumsum()[::-1]  # pairs with t or more
    first = int(at_least[FEWEST])
    if first < _FEW:
        return least
    plenty = np.flatnonzero(at_least >= max(_FEW, _REAL * first))
    last = max(int(plenty[-1]), FEWEST + 1)
    left = max(int(at_least[last]), 1) if last < len(at_least) else 1
    fall = math.log(first / left) / (last - FEWEST)
    if fall <= 0:
        return max(least, last + 1)
    return max(least, last + math.ceil(math.log(left / chance_pairs) / fall))
