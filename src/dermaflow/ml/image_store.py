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
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dermaflow.files import open_unchanged, replacing_folder

Pixels = NDArray[np.uint8]

_BUFFER = 2**20  # bytes written at a time


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
    """A store opened for reading. Shards are mapped, never loaded whole.

    All files are opened at once, so that a store that a run replaces meanwhile is read to the end
    as it was.

    Attributes:
        folder: where it was opened.
        index: one row a picture: ``image_id``, ``row`` (-1 without pixels), the writer's columns.
        shape: of a picture, (H, W, C).
        shard_images: pictures in a full shard.
        count: pictures with pixels.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        meta, self.index, self._shards = open_unchanged(self.folder, _read_files)
        self.shape: tuple[int, int, int] = tuple(meta["shape"])
        self.shard_images: int = meta["shard_images"]
        self.count: int = meta["count"]

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
    with replacing_folder(folder) as partial:
        _write_shards(partial, batch)


def _write_shards(folder: Path, batch: ImageBatch) -> None:
    records: list[dict[str, Any]] = []
    with closing(_ShardWriter(folder, batch)) as shards:
        for image in batch.images:
            row = -1 if image.pixels is None else shards.add(image.image_id, image.pixels)
            records.append({"image_id": image.image_id, "row": row, **image.info})
    index = pd.DataFrame.from_records(records, columns=None if records else ["image_id", "row"])
    index.to_parquet(folder / "index.parquet", index=False)
    meta = {"count": shards.count, "shape": list(batch.shape), "shard_images": batch.shard_images}
    (folder / "meta.json").write_text(json.dumps(meta, indent=2) + "\n")


class _ShardWriter:
    """Appends pictures to shards.

    It does not map them: a write through a map that finds the disk full ends the process.
    """

    def __init__(self, folder: Path, batch: ImageBatch) -> None:
        self.count = 0
        self._folder, self._shape, self._full = folder, batch.shape, batch.shard_images
        self._file: BinaryIO | None = None

    def add(self, image_id: str, pixels: Pixels) -> int:
        """Append a picture; returns its row. Raises ValueError for another shape or type."""
        if pixels.shape != self._shape or pixels.dtype != np.uint8:
            raise ValueError(
                f"image {image_id}: {pixels.dtype} {pixels.shape}, "
                f"but the store holds uint8 {self._shape}"
            )
        if self._file is None:
            path = self._folder / _shard_name(self.count // self._full)
            self._file = path.open("wb", _BUFFER)
            self._write_header(self._file, self._full)
        self._file.write(pixels.tobytes())
        self.count += 1
        if self.count % self._full == 0:
            self.close()
        return self.count - 1

    def close(self) -> None:
        """End the last shard, which may not be full."""
        file, self._file = self._file, None  # whatever happens to it now
        if file is None:
            return
        with file:
            used = self.count % self._full
            if used:
                file.seek(0)
                self._write_header(file, used)

    def _write_header(self, file: BinaryIO, images: int) -> None:
        """Of equal length for any number of images: numpy leaves room for its digits."""
        header = {"descr": "|u1", "fortran_order": False, "shape": (images, *self._shape)}
        np.lib.format.write_array_header_1_0(file, header)


def _shard_name(number: int) -> str:
    return f"shard-{number:05d}.npy"


def _read_files(
    opened: Callable[[str], BinaryIO],
) -> tuple[dict[str, Any], pd.DataFrame, list[Pixels]]:
    with opened("meta.json") as file:
        meta = json.load(file)
    with opened("index.parquet") as file:
        index = pd.read_parquet(file)
    shards = range(-(-meta["count"] // meta["shard_images"]))
    return meta, index, [_map_shard(opened, _shard_name(number)) for number in shards]


def _map_shard(opened: Callable[[str], BinaryIO], name: str) -> Pixels:
    with opened(name) as file:
        np.lib.format.read_magic(file)
        shape, *_ = np.lib.format.read_array_header_1_0(file)
        return np.memmap(file, np.uint8, "r", file.tell(), shape)
