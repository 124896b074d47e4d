"""Pictures that share features with a picture, by an index from features to pictures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dermaflow.data.duplicates.keypoints import TURN, UNIT, Keypoints, Whole
from dermaflow.data.duplicates.vocabulary import Signatures, Vocabulary

_NEAR = 4  # words of each half that a feature is looked up under
_ALIKE = 20  # bits of 64 in which two features' signatures may differ

# Two features agree with others if the second is turned and larger by nearly as much: within an
# eighth of a turn and a factor of two. Borders lie in two ways, so that none divides all.
_TURNS, _OCTAVE = 8, 2
_STEPS = 64  # of the size; more than there are
_SIZES = np.rint(UNIT * 2.0 ** (np.arange(1, 20) / 2)).astype(np.int64)  # half octaves


@dataclass(frozen=True)
class Descriptions:
    """What the index keeps of features.

    Attributes:
        pictures: int32 (N,), whose they are.
        signatures: uint64 (N,).
        angles: uint8 (N,), in 256ths of a turn.
        sizes: int8 (N,), in half octaves.
    """

    pictures: NDArray[np.int32]
    signatures: Signatures
    angles: NDArray[np.uint8]
    sizes: NDArray[np.int8]


class InvertedIndex:
    """Features of all pictures, by their cell.

    Args:
        vocabulary: tells the cells.
        pictures: how many there will be; each is added once, in order.
    """

    def __init__(self, vocabulary: Vocabulary, pictures: int) -> None:
        self._vocabulary, self._pictures = vocabulary, pictures
        self._cells: list[NDArray[np.int32]] = []
        self._added: list[Descriptions] = []

    def describe(self, keypoints: Keypoints) -> tuple[Whole, Signatures]:
        """Cell and signature of a picture's features, for ``add``."""
        return self._vocabulary.look_up(keypoints.descriptors, 1)[0]

    def add(self, keypoints: Keypoints, described: tuple[Whole, Signatures]) -> None:
        """Add the next picture."""
        cells, signatures = described
        self._cells.append(cells.astype(np.int32))
        self._added.append(
            Descriptions(
                np.full(len(keypoints), len(self._added), np.int32),
                signatures,
                keypoints.angles.astype(np.uint8),
                _size_steps(keypoints),
            )
        )

    def finish(self) -> None:
        """Put the features in the order of their cells; no picture can be added any more."""
        cells = np.concatenate(self._cells)
        order = np.argsort(cells, kind="stable")
        self._starts = np.searchsorted(cells[order], np.arange(self._vocabulary.cells + 1))
        self._all = Descriptions(
            *(
                np.concatenate([getattr(added, name) for added in self._added])[order]
                for name in ("pictures", "signatures", "angles", "sizes")
            )
        )
        self._cells.clear()
        self._added.clear()

    def score(self, keypoints: Keypoints) -> tuple[Whole, Whole]:
        """Pictures that share features with one, and how strongly each does.

        Of features that agree in how they are turned and scaled, each counts by as many bits as
        its signature is nearer than need be.

        Returns:
            Numbers of pictures, rising, and scores, both int64.
        """
        found = [
            self._look_up(keypoints, cells, signatures)
            for cells, signatures in self._vocabulary.look_up(keypoints.descriptors, _NEAR)
        ]
        pictures, turns, steps, votes = (
            np.concatenate(parts) for parts in zip(*found, strict=True)
        )
        scores = np.zeros(self._pictures, np.int64)
        for shift in (0, 1):
            turned = (turns + shift * TURN // _TURNS // 2) % TURN // (TURN // _TURNS)
            scaled = (steps + shift + _STEPS) // _OCTAVE
            keys = (pictures.astype(np.int64) * _TURNS + turned) * _STEPS + scaled
            bins, places = np.unique(keys, return_inverse=True)
            sums = np.zeros(len(bins), np.int64)
            np.add.at(sums, places, votes)
            np.maximum.at(scores, bins // (_TURNS * _STEPS), sums)
        some = np.flatnonzero(scores)
        return some, scores[some]

    def _look_up(
        self, keypoints: Keypoints, cells: Whole, signatures: Signatures
    ) -> tuple[NDArray[np.int32], Whole, Whole, Whole]:
        """Like features: their pictures, by how much they are turned and scaled, and votes."""
        starts = self._starts[cells]
        counts = self._starts[cells + 1] - starts
        query = np.repeat(np.arange(len(cells)), counts)
        ends = np.cumsum(counts)
        places = np.arange(len(query)) + np.repeat(starts - ends + counts, counts)
        differing = np.bitwise_count(self._all.signatures[places] ^ signatures[query])
        alike = np.flatnonzero(differing <= _ALIKE)
        places, query = places[alike], query[alike]
        turns = (self._all.angles[places].astype(np.int64) - keypoints.angles[query]) % TURN
        steps = self._all.sizes[places].astype(np.int64) - _size_steps(keypoints)[query]
        votes = _ALIKE + 1 - differing[alike].astype(np.int64)
        return self._all.pictures[places], turns, steps, votes


def _size_steps(keypoints: Keypoints) -> NDArray[np.int8]:
    return np.searchsorted(_SIZES, keypoints.sizes).astype(np.int8)
