"""Which features of many pictures are alike: cells of an inverted index, and signatures.

Each half of a descriptor is assigned to the nearest of some hundred typical halves, the words; the
two words name one of many thousand cells (Babenko & Lempitsky 2012,
doi:10.1109/CVPR.2012.6248038). Within a cell, 64 bits tell features apart: on which sides of random
planes through the cell's centre they lie (Jégou et al. 2008, doi:10.1007/978-3-540-88682-2_24). The
words are learnt from the pictures at hand, so that no weights are needed and any kind of picture
will do.

Products of these whole numbers stay below 2^24, which float32 holds exactly. So a product of
matrices, which is quick, gives the same result whatever the processor and its threads add up first.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from dermaflow.data.duplicates.keypoints import LENGTH, Bytes, Whole

BITS = 64  # of a signature

_ROUNDS = 8  # of Lloyd's algorithm
_BLOCK = 8192  # descriptors compared with the words at a time
_HALVES = (slice(0, LENGTH // 2), slice(LENGTH // 2, LENGTH))

Floats = NDArray[np.float32]  # of whole numbers
Signatures = NDArray[np.uint64]


@dataclass(frozen=True)
class Vocabulary:
    """Words and planes.

    Attributes:
        words: two of float32 (W, 64), whole numbers: typical first and second halves.
        planes: float32 (128, 64), ±1: normals of the planes.
    """

    words: tuple[Floats, Floats]
    planes: Floats

    @property
    def cells(self) -> int:
        """How many there are."""
        return len(self.words[0]) * len(self.words[1])

    def look_up(self, descriptors: Bytes, near: int) -> list[tuple[Whole, Signatures]]:
        """Cells in which a feature's like may lie, the nearest first, and its signature in each.

        Args:
            descriptors: uint8 (N, 128).
            near: as many words of each half are tried, which makes ``near``² cells a feature.

        Returns:
            Cells int64 (N,) and signatures uint64 (N,) for each try.
        """
        values = descriptors.astype(np.float32)
        firsts, seconds = (
            _nearest(np.ascontiguousarray(values[:, half]), words, near)
            for half, words in zip(_HALVES, self.words, strict=True)
        )
        places, (of_first, of_second) = values @ self.planes, self._projected
        return [
            (
                first * len(self.words[1]) + second,
                _pack(places > of_first[first] + of_second[second]),
            )
            for first in firsts
            for second in seconds
        ]

    @cached_property
    def _projected(self) -> tuple[Floats, Floats]:
        """Where the words lie along the planes' normals, two of float32 (W, 64)."""
        first, second = (
            words @ self.planes[half] for half, words in zip(_HALVES, self.words, strict=True)
        )
        return first, second


def learn_vocabulary(descriptors: Bytes, words: int, rng: np.random.Generator) -> Vocabulary:
    """Learn the words.

    Args:
        descriptors: of features of many pictures, uint8 (N, 128); a sample of up to 65,536 will do.
        words: how many for each half; fewer, if there are not as many features.
        rng: decides where the search for them begins, and the planes.
    """
    values = descriptors.astype(np.float32)
    first, second = (_cluster(np.ascontiguousarray(values[:, h]), words, rng) for h in _HALVES)
    planes = rng.integers(0, 2, (LENGTH, BITS)) * 2 - 1
    return Vocabulary((first, second), planes.astype(np.float32))


def _pack(sides: NDArray[np.bool_]) -> Signatures:
    signatures: Signatures = np.packbits(sides, axis=1).view(np.uint64)[:, 0]
    return signatures


def _cluster(values: Floats, count: int, rng: np.random.Generator) -> Floats:
    """Centres of clusters by Lloyd's algorithm, rounded to whole numbers."""
    chosen = rng.choice(len(values), min(count, len(values)), replace=False)
    words = values[np.sort(chosen)]
    for _ in range(_ROUNDS):
        members = _nearest(values, words, 1)[0]
        order = np.argsort(members, kind="stable")
        used, starts, sizes = np.unique(members[order], return_index=True, return_counts=True)
        sums = np.add.reduceat(values[order].astype(np.int64), starts, axis=0)
        words = words.copy()
        words[used] = (2 * sums + sizes[:, None]) // (2 * sizes[:, None])
    return words


def _nearest(values: Floats, words: Floats, near: int) -> list[Whole]:
    """The nearest word of each value, then the next, … ``near`` times; the first of equals."""
    squares = (words * words).sum(axis=1)
    places = np.empty((near, len(values)), np.int64)
    for start in range(0, len(values), _BLOCK):
        block = slice(start, start + _BLOCK)
        distances = squares - 2 * (values[block] @ words.T)
        for rank in range(near):
            nearest = distances.argmin(axis=1)
            places[rank, block] = nearest
            distances[np.arange(len(nearest)), nearest] = np.inf
    return list(places)
