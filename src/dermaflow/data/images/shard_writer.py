"""The shards of a store, written one picture behind the other."""

from __future__ import annotations

import io
import zlib
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from dermaflow.data.images.finished_shards import PixelsInShard, find_whole_shard, shard_name


class ShardWriter:
    """Writes the shards of a store, as a context.

    Plain writing, other than a memory map, takes no memory but the picture's, and fails with an
    OSError where the disk is full. Pictures that a finished shard holds already are not copied
    until another comes in the same shard: if none does, and they are all of it, it is linked to.

    Args:
        folder: of the store.
        shape: (H, W, C) of each picture.
        shard_images: most pictures in a shard.

    Attributes:
        count: pictures so far.
        checksums: of each shard that is ended (see ``finished_shards.checksum``).
    """

    def __init__(self, folder: Path, shape: tuple[int, int, int], shard_images: int) -> None:
        self._folder, self._shape, self._shard_images = folder, shape, shard_images
        self._file: BinaryIO | None = None
        self._checksum = 0
        self._in_shard = 0
        self._waiting: list[PixelsInShard] = []  # pictures not yet copied
        self.count = 0
        self.checksums: list[int] = []

    def write(self, pixels: NDArray[np.uint8] | PixelsInShard) -> int:
        """Add a picture, uint8 (H, W, C), and return its row."""
        if isinstance(pixels, PixelsInShard):
            self._waiting.append(pixels)
            if self._file:
                self._copy_waiting()
        else:
            self._copy_waiting()
            self._append(np.ascontiguousarray(pixels))
        self.count += 1
        self._in_shard += 1
        if self._in_shard == self._shard_images:
            self._end_shard()
        return self.count - 1

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

    def _path(self) -> Path:
        return self._folder / shard_name(len(self.checksums))

    def _append(self, pixels: NDArray[np.uint8]) -> None:
        if self._file is None:
            self._file = self._path().open("wb")
            self._file.write(self._header(0))  # holds its place
        self._file.write(pixels.data)
        self._checksum = zlib.crc32(pixels.data, self._checksum)

    def _copy_waiting(self) -> None:
        for pixels in self._waiting:
            self._append(pixels.read())
        self._waiting.clear()

    def _end_shard(self) -> None:
        whole = None if self._file else find_whole_shard(self._waiting)
        if whole:
            whole.link(self._path())
            self.checksums.append(whole.checksum)
        else:
            self._copy_waiting()
            self.checksums.append(self._write_header())
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
