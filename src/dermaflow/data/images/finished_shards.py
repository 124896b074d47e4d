"""The file of one shard: its name, its checksum, and how a finished one is read and linked."""

from __future__ import annotations

import math
import os
import shutil
import weakref
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

_CHUNK = 2**20  # bytes read at a time


def shard_name(number: int) -> str:
    """File name of a store's shard; numbers start at 0."""
    return f"shard-{number:05d}.npy"


class FinishedShard:
    """A shard that nobody writes to any more, opened and checked.

    Its file stays open until nothing refers to the shard. What is read later is therefore what was
    checked, even if another process replaces the file.

    Args:
        path: of the file.
        hashes: SHA-256 of each picture's encoded bytes, in the order of the pictures.
        shape: (H, W, C) of each picture.
        checksum: of the file (see ``checksum``).

    Raises:
        OSError: the file cannot be read, or is too short for its pictures.
        ValueError: the file has another checksum.
    """

    def __init__(
        self, path: Path, hashes: Sequence[str], shape: tuple[int, int, int], checksum: int
    ) -> None:
        self.hashes, self.shape, self.checksum = list(hashes), shape, checksum
        self._path = path
        self._image_bytes = math.prod(shape)
        self._file = path.open("rb", buffering=0)
        weakref.finalize(self, self._file.close)
        size = os.fstat(self._file.fileno()).st_size
        self._header = size - len(self.hashes) * self._image_bytes
        if checksum_of(self._file, self._header) != checksum:
            raise ValueError(f"{path} is not what was written")

    def read(self, slot: int) -> NDArray[np.uint8]:
        """Copy a picture's pixels, uint8 (H, W, C). Not mapped, so that they leave memory again."""
        start = self._header + slot * self._image_bytes
        pixels = os.pread(self._file.fileno(), self._image_bytes, start)
        if len(pixels) != self._image_bytes:
            raise OSError(f"{self._path} was cut short while it was read")
        return np.frombuffer(pixels, np.uint8).reshape(self.shape)

    def link(self, to: Path) -> None:
        """Give the file a second name, or copy it where the file system cannot link.

        No shard is ever written to, so that two stores may share it.
        """
        if not self._link_checked(to):
            self._file.seek(0)
            with to.open("xb") as copy:
                shutil.copyfileobj(self._file, copy, _CHUNK)

    def _link_checked(self, to: Path) -> bool:
        """Link ``to`` to the file, if the file system can and the file is the one checked."""
        try:
            os.link(self._path.resolve(), to)  # DVC can make it a symbolic link
        except OSError:
            return False
        if os.path.samestat(to.stat(), os.fstat(self._file.fileno())):
            return True
        to.unlink()  # another process has replaced the file
        return False


@dataclass(frozen=True)
class PixelsInShard:
    """One picture of a finished shard, read only when asked for; described like an array.

    Attributes:
        shard: where the pixels lie.
        slot: place of the picture in the shard, from 0.
    """

    shard: FinishedShard
    slot: int

    dtype = np.dtype(np.uint8)

    @property
    def shape(self) -> tuple[int, int, int]:
        """(H, W, C)."""
        return self.shard.shape

    def read(self) -> NDArray[np.uint8]:
        """Copy the pixels, uint8 (H, W, C)."""
        return self.shard.read(self.slot)


def find_whole_shard(pictures: Sequence[PixelsInShard]) -> FinishedShard | None:
    """The shard that consists of just these pictures, all of one store, in this order, or None.

    Hashes are compared, not slots: of equal pictures in several shards, any may have been found.
    """
    hashes = [picture.shard.hashes[picture.slot] for picture in pictures]
    shards = dict.fromkeys(picture.shard for picture in pictures)
    return next((shard for shard in shards if shard.hashes == hashes), None)


def checksum(path: Path) -> int:
    """CRC-32 of a file; it finds accidents in a fraction of a secure hash's time."""
    with path.open("rb", buffering=0) as file:
        return checksum_of(file)


def checksum_of(file: BinaryIO, header: int = 0) -> int:
    """``checksum`` of an open file.

    Args:
        header: bytes at the start that count last, since a writer knows them last.

    Raises:
        OSError: the file cannot be read, or ``header`` is negative.
    """
    value = 0
    file.seek(header)
    for chunk in iter(partial(file.read, _CHUNK), b""):
        value = zlib.crc32(chunk, value)
    file.seek(0)
    first = file.read(header) if header else b""
    return zlib.crc32(first, value)
