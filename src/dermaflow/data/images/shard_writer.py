"""The shards of a store, written one picture behind the other."""

from __future__ import annotations

import io
import zlib
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from dermaflow.data.images.previous_store import OldStore, shard_name

_BUFFER = 2**20  # bytes written at a time


class ShardWriter:
    """Writes the shards of a store, as a context.

    Plain writing, other than a memory map, takes no memory but the picture's, and fails with an
    OSError where the disk is full. Pictures of the old store are not copied until another
    comes in the same shard: if none does, and they are all of it, the old shard is linked to.

    Args:
        folder: of the store.
        shape: (H, W, C) of each picture.
        shard_images: most pictures in a shard.
        old: the store that is being replaced.

    Attributes:
        count: pictures so far.
        taken_over: those of them that are the old store's.
        checksums: of each finished shard (see ``old_store.checksum``).
    """

    def __init__(
        self, folder: Path, shape: tuple[int, int, int], shard_images: int, old: OldStore
    ) -> None:
        self._folder, self._shape, self._shard_images, self._old = folder, shape, shard_images, old
        self._file: BinaryIO | None = None
        self._checksum = 0
        self._in_shard = 0
        self._waiting: list[tuple[str, int]] = []  # pictures of the old store not yet copied
        self.count = self.taken_over = 0
        self.checksums: list[int] = []

    def write(self, pixels: NDArray[np.uint8]) -> int:
        """Add a picture, uint8 (H, W, C), and return its row."""
        self._copy_waiting()
        self._append(np.ascontiguousarray(pixels))
        return self._added()

    def take_over(self, sha256: str, row: int) -> int:
        """Add a picture of the old store, by the hash of its encoded bytes and its row there."""
        self._waiting.append((sha256, row))
        if self._file:
            self._copy_waiting()
        self.taken_over += 1
        return self._added()

    def finish(self) -> None:
        """End the last shard."""
        if self._in_shard:
            self._end_shard()

    def __enter__(self) -> ShardWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._file:
            self._file.close()

    def _added(self) -> int:
        self.count += 1
        self._in_shard += 1
        if self._in_shard == self._shard_images:
            self._end_shard()
        return self.count - 1

    def _path(self) -> Path:
        return self._folder / shard_name(len(self.checksums))

    def _append(self, pixels: NDArray[np.uint8]) -> None:
        if self._file is None:
            self._file = self._path().open("wb", buffering=_BUFFER)
            self._file.write(self._header(0))  # holds its place
        self._file.write(pixels.data)
        self._checksum = zlib.crc32(pixels.data, self._checksum)

    def _copy_waiting(self) -> None:
        for _, row in self._waiting:
            self._append(self._old.read(row))
        self._waiting.clear()

    def _end_shard(self) -> None:
        hashes = [sha256 for sha256, _ in self._waiting]
        number = len(self.checksums)
        checksum = None
        if self._file is None:
            checksum = self._old.link(number, hashes, self._shard_images, self._path())
        if checksum is None:
            self._copy_waiting()
            checksum = self._write_header()
        self.checksums.append(checksum)
        self._waiting.clear()
        self._checksum = self._in_shard = 0

    def _write_header(self) -> int:
        """Finish the file; returns its checksum."""
        assert self._file is not None
        header = self._header(self._in_shard)
        self._file.seek(0)
        self._file.write(header)
        self._file.close()
        self._file = None
        return zlib.crc32(header, self._checksum)

    def _header(self, images: int) -> bytes:
        """Of a file of numpy's for so many pictures; numpy makes it equally long for any number."""
        content: dict[str, Any] = {
            "descr": "|u1",
            "fortran_order": False,
            "shape": (images, *self._shape),
        }
        buffer = io.BytesIO()
        np.lib.format.write_array_header_1_0(buffer, content)
        return buffer.getvalue()
