"""What a store that is being replaced holds already, by the hash of the encoded bytes."""

from __future__ import annotations

import json
import logging
import os
import shutil
import zlib
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from dermaflow.io.atomic_files import allow_open_files
from dermaflow.io.threads import map_in_threads

logger = logging.getLogger(__name__)

_CHUNK = 2**20


def shard_name(number: int) -> str:
    """File of a store that holds its ``number``-th shard, from 0."""
    return f"shard-{number:05d}.npy"


class OldStore:
    """Pictures that need not be decoded again: none, unless a store of the same recipe is opened.

    Nothing is taken from a file whose checksum is not the one in ``meta.json``. What was checked is
    kept open, so that what is read later is the same, though others may replace the store.
    """

    def __init__(self) -> None:
        self._row_of: dict[str, int] = {}
        self._files: list[BinaryIO | None] = []

    @classmethod
    def open(
        cls, folder: Path, recipe: Mapping[str, Any] | None, shape: tuple[int, int, int]
    ) -> OldStore:
        """Open the store at ``folder``, which may be missing, of another recipe, or damaged.

        Args:
            recipe: all that decides pixels and info but the encoded bytes; None: not to be known.
            shape: (H, W, C) of the pixels.
        """
        old = cls()
        try:
            meta = json.loads((folder / "meta.json").read_text())
            if recipe and meta.get("recipe") == recipe and meta["shape"] == list(shape):
                old._load(folder, meta)
        except FileNotFoundError:  # nothing there: the first time
            return cls()
        except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
            why = " ".join(str(error).split())
            logger.warning("%s is damaged, so all is decoded again: %s", folder, why)
            old.close()
            return cls()
        return old

    def close(self) -> None:
        """Let go of the shards."""
        for file in self._files:
            if file:
                file.close()

    def _load(self, folder: Path, meta: dict[str, Any]) -> None:
        import pyarrow.parquet as pq  # here, for a served model has no store

        self._folder = folder
        self._checksums: list[int] = meta["shards"]
        self._shard_images: int = meta["shard_images"]
        self._image_bytes = int(np.prod(meta["shape"]))
        with (folder / "index.parquet").open("rb", buffering=0) as file:
            if checksum_of(file) != meta["index"]:
                raise ValueError("index.parquet is not what was written")
            file.seek(0)
            table = pq.read_table(file, filters=[("row", ">=", 0)])
        self._info = {
            name: table[name].to_pylist()
            for name in table.column_names
            if name not in ("image_id", "row")
        }
        self._count = len(table)
        allow_open_files(len(self._checksums))
        self._files = list(map_in_threads(self._open_sound, range(len(self._checksums))))
        rows = zip(self._info["sha256"], table["row"].to_pylist(), strict=True)
        self._row_of = {sha: row for sha, row in rows if self._files[row // self._shard_images]}

    def _open_sound(self, number: int) -> BinaryIO | None:
        """Open a shard; None if it is not what was written."""
        path = self._folder / shard_name(number)
        try:
            with ExitStack() as stack:
                file = stack.enter_context(path.open("rb", buffering=0))
                header = os.fstat(file.fileno()).st_size - self._length(number) * self._image_bytes
                if checksum_of(file, header) == self._checksums[number]:
                    stack.pop_all()
                    return file
        except OSError:
            pass
        logger.warning("%s is damaged, so its images are decoded again", path)
        return None

    def _length(self, number: int) -> int:
        """Pictures in a shard."""
        return min(self._shard_images, self._count - number * self._shard_images)

    def find(self, sha256: str) -> int | None:
        """Row of a picture with these encoded bytes, or None."""
        return self._row_of.get(sha256)

    def info(self, row: int) -> dict[str, Any]:
        """What the index tells of a row, but for ``image_id`` and ``row``."""
        return {name: values[row] for name, values in self._info.items()}

    def read(self, row: int) -> NDArray[np.uint8]:
        """Copy the pixels of a row, flat. Not mapped, so that they do not stay in memory."""
        number, slot = divmod(row, self._shard_images)
        file = self._files[number]
        assert file is not None  # or `find` would not have given the row
        from_end = (self._length(number) - slot) * self._image_bytes
        start = os.fstat(file.fileno()).st_size - from_end
        pixels = os.pread(file.fileno(), self._image_bytes, start)
        if len(pixels) != self._image_bytes:
            raise OSError(f"{self._folder / shard_name(number)} was cut short while it was read")
        return np.frombuffer(pixels, np.uint8)

    def link(self, number: int, hashes: Sequence[str], shard_images: int, to: Path) -> int | None:
        """Give a shard another name, if it holds just the pictures with these hashes, in order.

        No shard is ever written to, so that the two names may share it. Where the filesystem cannot
        link, it is copied.

        Returns:
            Its checksum; None if it holds anything else, or none of it can be relied on.
        """
        if not self._row_of or shard_images != self._shard_images:
            return None
        start = number * shard_images
        held = self._info["sha256"][start : start + shard_images]
        file = self._files[number]
        if held != list(hashes) or file is None:
            return None
        if not self._link_checked(number, file, to):
            file.seek(0)
            with to.open("xb") as copy:
                shutil.copyfileobj(file, copy, _CHUNK)
        return self._checksums[number]

    def _link_checked(self, number: int, file: BinaryIO, to: Path) -> bool:
        """Link ``to`` to a shard, if the file system can and it is the one that was checked."""
        path = (self._folder / shard_name(number)).resolve()  # DVC can make it a symbolic link
        try:
            os.link(path, to)
        except OSError:
            return False
        if os.path.samestat(to.stat(), os.fstat(file.fileno())):
            return True
        to.unlink()  # another store is there by now
        return False


NO_STORE = OldStore()


def checksum(path: Path) -> int:
    """CRC-32 of a file; it finds accidents in a fraction of a secure hash's time."""
    with path.open("rb", buffering=0) as file:
        return checksum_of(file)


def checksum_of(file: BinaryIO, header: int = 0) -> int:
    """``checksum`` of an open file.

    Args:
        header: bytes at the start that count last, as who writes them knows them last.

    Raises:
        OSError: the file cannot be read, or the header would end before the file begins.
    """
    value = 0
    file.seek(0)
    first = file.read(header) if header else b""
    file.seek(header)
    for chunk in iter(partial(file.read, _CHUNK), b""):
        value = zlib.crc32(chunk, value)
    return zlib.crc32(first, value)
