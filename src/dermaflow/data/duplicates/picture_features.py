"""Which pictures are compared, and where their features are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dermaflow.data.duplicates.describe import describe_pixels
from dermaflow.data.duplicates.keypoints import RECORD, Bytes, Keypoints, Whole
from dermaflow.data.duplicates.scratch_arrays import temporary_array
from dermaflow.data.images.image_store import ImageStore
from dermaflow.io.progress import Progress
from dermaflow.io.threads import map_in_threads


@dataclass(frozen=True)
class FeatureSet:
    """Features of some pictures, read when they are asked for.

    Attributes:
        names: ids of the pictures, in their order, which is that of the alphabet: so nothing that
            is found hangs on the order in which sources list them.
        counts: int64 (N,), features of each.
        side: the longer one of the pictures, in pixels, when features were looked for.
        record: gives the record of a picture by its number, uint8 (features, 136).
    """

    names: Sequence[str]
    counts: Whole
    side: int
    record: Callable[[int], Bytes]

    def __getitem__(self, picture: int) -> Keypoints:
        return Keypoints.unpack(self.record(picture), int(self.counts[picture]))


def stored_features(store: ImageStore, image_ids: Iterable[str]) -> FeatureSet:
    """Those that ingest found; see ``dermaflow.data.duplicates.describe``.

    Raises:
        KeyError: an image has none.
    """
    names = sorted(image_ids)
    rows = store.rows(names)
    counts = store.index.set_index("image_id")["features"].reindex(names)
    return FeatureSet(
        names,
        counts.to_numpy(dtype=np.int64),
        store.recipe["width"],
        lambda picture: store.take(rows[picture : picture + 1])[0, ..., 0],
    )


def detected_features(
    images: ImageStore, image_ids: Iterable[str], alike: ImageStore
) -> FeatureSet:
    """Those of pictures that no file holds, found now as ingest finds them.

    They lie in a temporary file meanwhile.

    Args:
        images: the pixels.
        image_ids: of the pictures.
        alike: ingest's features, which tell the size and the number of features.
    """
    names, side, count = sorted(image_ids), alike.recipe["width"], alike.shape[0]
    records = temporary_array((max(len(names), 1), count, RECORD), np.uint8)
    counts = np.zeros(len(names), np.int64)

    def look(row: int) -> Keypoints:
        return describe_pixels(images.take([row])[0], side, count)

    found = map_in_threads(look, images.rows(names).tolist())
    shown = Progress(found, "Looking for features", len(names), unit="image")
    for picture, keypoints in enumerate(shown):
        counts[picture], records[picture] = len(keypoints), keypoints.pack(count)
    return FeatureSet(names, counts, side, lambda picture: records[picture])


@dataclass(frozen=True)
class Pictures:
    """Pictures to compare: of one set with each other, of two sets with those of the other.

    Attributes:
        sets: their features.
        lesions: of the pictures, as far as they are known.
    """

    sets: Sequence[FeatureSet]
    lesions: Sequence[str | None]

    def __len__(self) -> int:
        return sum(len(features.names) for features in self.sets)

    def __getitem__(self, picture: int) -> Keypoints:
        for features in self.sets:
            if picture < len(features.names):
                return features[picture]
            picture -= len(features.names)
        raise IndexError(picture)

    @property
    def names(self) -> list[str]:
        """Ids of all."""
        return [name for features in self.sets for name in features.names]

    @property
    def side(self) -> int:
        """The longer one of the pictures, in pixels."""
        return max(features.side for features in self.sets)

    @property
    def counts(self) -> Whole:
        """Features of each, int64 (N,)."""
        return np.concatenate([features.counts for features in self.sets])

    def others(self, picture: int, among: Whole) -> NDArray[np.bool_]:
        """Which pictures are compared with one: all but itself, or those of the other set."""
        others: NDArray[np.bool_] = among != picture
        if len(self.sets) == 2:
            first = len(self.sets[0].names)
            others = (among < first) != (picture < first)
        return others

    def sample(self, size: int, rng: np.random.Generator) -> Bytes:
        """Descriptors of some features, half of them as in a mirror, uint8 (size, 128)."""
        starts = np.concatenate([[0], np.cumsum(self.counts)])
        chosen = np.sort(rng.choice(starts[-1], min(size, int(starts[-1])), replace=False))
        picture = np.searchsorted(starts, chosen, side="right") - 1
        descriptors: list[Bytes] = []
        for number in np.unique(picture).tolist():
            places = chosen[picture == number] - starts[number]
            keypoints = self[number]
            plain, mirrored = keypoints.descriptors, keypoints.mirrored().descriptors
            descriptors.append(np.where(places[:, None] % 2, mirrored[places], plain[places]))
        return np.concatenate(descriptors)
