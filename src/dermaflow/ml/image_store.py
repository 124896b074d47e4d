"""An image store: equally sized uint8 images in memory-mapped shards, with an index.

Layout of a store folder::

    meta.json          {"count", "shape": [H, W, C], "shard_images"}
    index.parquet      one row a picture that came in: image_id, row (-1: no pixels), …
    shard-00000.npy    uint8 (n, H, W, C), n <= shard_images

Shards keep the number of files small for filesystems and DVC; memory maps keep the set out of
memory.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dermaflow.files import replacing_folder

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class StoredImage:
    """One picture on its way into a store.

    Attributes:
        image_id: unique within the store.
        pixels: uint8 (H, W, C), or None where the picture could not be decoded.
        info: further columns of the index, scalars, the same keys for every picture.
    """

    image_id: str
    pixels: Pixels | None
    info: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ImageBatch:
    """Pictures to be written as a store; ``images`` is consumed once, a picture at a time."""

    images: Iterable[StoredImage]
    shape: tuple[int, int, int]
    shard_images: int = 1024


class ImageStore:
    """A store opened for reading. Shards are mapped on first use and never loaded whole."""

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        meta = json.loads((self.folder / "meta.json").read_text())
        self.shape: tuple[int, int, int] = tuple(meta["shape"])
        self.shard_images: int = meta["shard_images"]
        self.count: int = meta["count"]

    @cached_property
    def index(self) -> pd.DataFrame:
        """One row a picture: ``image_id``, ``row`` (-1 without pixels) and the writer's columns."""
        return pd.read_parquet(self.folder / "index.parquet")

    @cached_property
    def _row_of(self) -> pd.Series:
        stored = self.index[self.index["row"] >= 0]
        return pd.Series(stored["row"].to_numpy(), index=stored["image_id"].to_numpy())

    @cached_property
    def _shards(self) -> list[Pixels]:
        paths = sorted(self.folder.glob("shard-*.npy"))
        return [np.load(path, mmap_mode="r", allow_pickle=False) for path in paths]

    def __len__(self) -> int:
        return self.count

    def __contains__(self, image_id: object) -> bool:
        return image_id in self._row_of.index

    def rows(self, image_ids: Sequence[str]) -> NDArray[np.int64]:
        """Row of each image, int64 (N,). Raises KeyError for an id without pixels."""
        rows: NDArray[np.int64] = self._row_of.loc[list(image_ids)].to_numpy(dtype=np.int64)
        return rows

    def take(self, rows: Sequence[int] | NDArray[np.int64]) -> Pixels:
        """Copy the given rows, in order, into a new uint8 array (N, H, W, C)."""
        out = np.empty((len(rows), *self.shape), np.uint8)
        for position, row in enumerate(rows):
            out[position] = self._shards[row // self.shard_images][row % self.shard_images]
        return out

    def read(self, image_ids: Sequence[str]) -> Pixels:
        """Copy the pixels of the given images, in order: uint8 (N, H, W, C)."""
        return self.take(self.rows(image_ids))


def write_image_store(folder: str | Path, batch: ImageBatch) -> None:
    """Write ``batch`` as a store at ``folder``, replacing what is there only once it is whole.

    Memory use is one picture plus the index, however long ``batch.images`` is.

    Raises:
        ValueError: a picture's shape differs from ``batch.shape`` or its dtype from uint8.
    """
    with replacing_folder(folder) as partial:
        _write_shards(partial, batch)


def _write_shards(folder: Path, batch: ImageBatch) -> None:
    records: list[dict[str, Any]] = []
    shard: Pixels | None = None
    count = 0
    for image in batch.images:
        row = -1
        if image.pixels is not None:
            if image.pixels.shape != batch.shape or image.pixels.dtype != np.uint8:
                raise ValueError(
                    f"image {image.image_id}: {image.pixels.dtype} {image.pixels.shape}, "
                    f"but the store holds uint8 {batch.shape}"
                )
            row = count
            count += 1
            slot = row % batch.shard_images
            if slot == 0:
                shard = _new_shard(folder, row // batch.shard_images, batch)
            assert shard is not None
            shard[slot] = image.pixels
        records.append({"image_id": image.image_id, "row": row, **image.info})
    _trim_last_shard(folder, count, batch)
    index = pd.DataFrame.from_records(records, columns=None if records else ["image_id", "row"])
    index.to_parquet(folder / "index.parquet", index=False)
    meta = {"count": count, "shape": list(batch.shape), "shard_images": batch.shard_images}
    (folder / "meta.json").write_text(json.dumps(meta, indent=2) + "\n")


def _new_shard(folder: Path, number: int, batch: ImageBatch) -> Pixels:
    path = folder / f"shard-{number:05d}.npy"
    shape = (batch.shard_images, *batch.shape)
    return np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=shape)


def _trim_last_shard(folder: Path, count: int, batch: ImageBatch) -> None:
    """Cut the last shard to the images it holds; it was mapped at full size."""
    used = count % batch.shard_images
    if not used:
        return
    path = folder / f"shard-{count // batch.shard_images:05d}.npy"
    whole = np.load(path, mmap_mode="r", allow_pickle=False)
    trimmed = path.with_suffix(".trimmed")
    with trimmed.open("wb") as file:
        np.save(file, whole[:used])
    trimmed.replace(path)
