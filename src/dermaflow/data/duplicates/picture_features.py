"""Which pictures are compared, and their features in a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from dermaflow.data.duplicates.keypoints import LENGTH, Keypoints, detect
from dermaflow.data.duplicates.scratch_arrays import temporary_array
from dermaflow.data.images.image_store import ImageStore
from dermaflow.io.threads import map_in_threads


@dataclass(frozen=True)
class Pictures:
    """Pictures to compare: of one set with each other, of two sets with those of the other.

    Attributes:
        sets: a store and ids.
        lesions: of the pictures, as far as they are known.
    """

    sets: Sequence[tuple[ImageStore, Sequence[str]]]
    lesions: Sequence[str | None]

    @property
    def names(self) -> list[str]:
        """Ids of all."""
        return [name for _, ids in self.sets for name in ids]

    @property
    def side(self) -> int:
        """The longer one of the pictures, in pixels."""
        return max(max(store.shape[:2]) for store, _ in self.sets)

    def without(self, picture: int) -> slice:
        """Those that a picture is not compared with: itself, or its own set."""
        if len(self.sets) == 1:
            return slice(picture, picture + 1)
        first = len(self.sets[0][1])
        return slice(0, first) if picture < first else slice(first, None)


class Features:
    """Features of many pictures in files, so that memory does not grow with their number."""

    def __init__(self, pictures: int, count: int) -> None:
        self._count = count
        self._points = temporary_array((pictures, count, 2), np.float32)
        self._descriptors = temporary_array((pictures, count, LENGTH), np.uint8)
        self._found = np.zeros(pictures, np.int64)

    def __len__(self) -> int:
        return len(self._found)

    def __getitem__(self, picture: int) -> Keypoints:
        found = self._found[picture]
        return Keypoints(
            np.array(self._points[picture, :found]), np.array(self._descriptors[picture, :found])
        )

    @property
    def total(self) -> int:
        """Features of all pictures together."""
        return int(self._found.sum())

    def fill(self, pictures: Pictures) -> None:
        """Detect the features of all pictures."""

        def look(place: tuple[ImageStore, int]) -> Keypoints:
            store, row = place
            return detect(store.take([row])[0], self._count)

        places = [(store, row) for store, ids in pictures.sets for row in store.rows(ids).tolist()]
        found = tqdm(
            map_in_threads(look, places), "Looking for features", len(places), unit="image"
        )
        for picture, keypoints in enumerate(found):
            self._found[picture] = len(keypoints)
            self._points[picture, : len(keypoints)] = keypoints.points
            self._descriptors[picture, : len(keypoints)] = keypoints.descriptors

    def sample(self, size: int, rng: np.random.Generator) -> NDArray[np.uint8]:
        """Descriptors of some features, half of them as in a mirror."""
        starts = np.concatenate([[0], np.cumsum(self._found)])
        chosen = np.sort(rng.choice(self.total, min(size, self.total), replace=False))
        picture = np.searchsorted(starts, chosen, side="right") - 1
        descriptors = np.array(self._descriptors[picture, chosen - starts[picture]])
        mirrored = Keypoints(np.zeros((len(chosen), 2), np.float32), descriptors).mirrored()
        return np.where(np.arange(len(chosen))[:, None] % 2, mirrored.descriptors, descriptors)
