"""An image store: equally sized uint8 images in memory-mapped shards, with an index.

Layout of a store folder::

    meta.json          {"count", "shape": [H, W, C], "shard_images", "recipe", "index", "shards"}
    index.parquet      one row a picture that came in: image_id, row (-1: no pixels), …
    shard-00000.npy    uint8 (n, H, W, C), n <= shard_images

Shards keep the number of files small for filesystems and DVC; memory maps keep the set out of
memory. Pictures lie in the order in which they came, so that the same pictures make the same bytes,
wherever their pixels were taken from. ``recipe`` is the batch's; ``index`` and ``shards`` are
checksums of the files (see ``finished_shards.checksum``).
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dermaflow.data.images.finished_shards import PixelsInShard, checksum, shard_name
from dermaflow.data.images.pixel_modes import Pixels
from dermaflow.data.images.shard_writer import ShardWriter
from dermaflow.io.atomic_files import allow_open_files, open_unchanged, replacing_folder


@dataclass(frozen=True)
class StoredImage:
    """One picture on its way into a store.

    Attributes:
        image_id: unique within the store.
        pixels: uint8 (H, W, C), here or in a shard that holds them already; None where the picture
            could not be decoded.
        info: further columns of the index, scalars, the same keys for every picture.
    """

    image_id: str
    pixels: Pixels | PixelsInShard | None
    info: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ImageBatch:
    """Pictures to be written as a store.

    Attributes:
        images: consumed once, a picture at a time.
        shape: (H, W, C) of each.
        shard_images: most pictures in a file.
        recipe: all that decides pixels and info but the encoded bytes, whose ``sha256`` is in the
            info; JSON-ready. Without it no later store takes over any of the pictures.
    """

    images: Iterable[StoredImage]
    shape: tuple[int, int, int]
    shard_images: int = 1024
    recipe: Mapping[str, Any] | None = None


class ImageStore:
    """A store opened for reading. Shards are mapped, never loaded whole.

    All files are opened at once, so that a store that a run replaces meanwhile is read to the end
    as it was. A pickled store is opened anew where it is unpickled, as for a worker process.

    Attributes:
        folder: where it was opened.
        index: one row a picture: ``image_id``, ``row`` (-1 without pixels), the writer's columns.
        shape: of a picture, (H, W, C).
        shard_images: pictures in a full shard.
        count: pictures with pixels.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self._meta, self.index, self._shards = open_unchanged(self.folder, _read_files)
        self.shape: tuple[int, int, int] = tuple(self._meta["shape"])
        self.shard_images: int = self._meta["shard_images"]
        self.count: int = self._meta["count"]

    def __getstate__(self) -> tuple[Path, dict[str, Any]]:
        """Not the pixels."""
        return self.folder, self._meta

    def __setstate__(self, state: tuple[Path, dict[str, Any]]) -> None:
        """Open it. Raises RuntimeError if another is there by now."""
        folder, meta = state
        ImageStore.__init__(self, folder)
        if self._meta != meta:
            raise RuntimeError(f"{folder} was replaced while it was in use")

    @property
    def recipe(self) -> dict[str, Any]:
        """The batch's; empty where it has none."""
        return self._meta["recipe"] or {}

    @cached_property
    def _row_of(self) -> pd.Series:
        stored = self.index[self.index["row"] >= 0]
        return pd.Series(stored["row"].to_numpy(), index=stored["image_id"].to_numpy())

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
    with (
        replacing_folder(folder) as partial,
        ShardWriter(partial, batch.shape, batch.shard_images) as shards,
    ):
        columns = _write_images(batch, shards)
        shards.finish()
        index = pd.DataFrame(columns or {"image_id": [], "row": []})
        index.to_parquet(partial / "index.parquet", index=False)
        meta = {
            "count": shards.count,
            "shape": list(batch.shape),
            "shard_images": batch.shard_images,
            "recipe": batch.recipe,
            "index": checksum(partial / "index.parquet"),
            "shards": shards.checksums,
        }
        (partial / "meta.json").write_text(json.dumps(meta, indent=2) + "\n", encoding="utf-8")


def _write_images(batch: ImageBatch, shards: ShardWriter) -> dict[str, list[Any]]:
    """Write the pixels; returns the index by its columns, which take less memory than its rows."""
    columns: dict[str, list[Any]] = defaultdict(list)
    for image in batch.images:
        row = -1
        if image.pixels is not None:
            if image.pixels.shape != batch.shape or image.pixels.dtype != np.uint8:
                raise ValueError(
                    f"image {image.image_id}: {image.pixels.dtype} {image.pixels.shape}, "
                    f"but the store holds uint8 {batch.shape}"
                )
            row = shards.write(image.pixels)
        for name, value in {"image_id": image.image_id, "row": row, **image.info}.items():
            columns[name].append(value)
    return columns


def _read_files(
    opened: Callable[[str], BinaryIO],
) -> tuple[dict[str, Any], pd.DataFrame, list[Pixels]]:
    with opened("meta.json") as file:
        meta = json.load(file)
    with opened("index.parquet") as file:
        index = pd.read_parquet(file)
    shards = range(-(-meta["count"] // meta["shard_images"]))
    allow_open_files(len(shards))
    return meta, index, [_map_shard(opened, shard_name(number)) for number in shards]


def _map_shard(opened: Callable[[str], BinaryIO], name: str) -> Pixels:
    with opened(name) as file:
        np.lib.format.read_magic(file)
        shape, *_ = np.lib.format.read_array_header_1_0(file)
        return np.memmap(file, np.uint8, "r", file.tell(), shape)
