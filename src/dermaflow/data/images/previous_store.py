"""The store that a stage is about to replace, whose pictures need not be decoded again."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from dermaflow.data.images.finished_shards import (
    FinishedShard,
    PixelsInShard,
    checksum_of,
    shard_name,
)
from dermaflow.io.atomic_files import allow_open_files
from dermaflow.io.threads import map_in_threads

logger = logging.getLogger(__name__)


class KnownImages:
    """Pictures that are decoded already, found by the hash of their encoded bytes.

    Args:
        info: index column -> value of each row, without ``image_id`` and ``row``.
        shards: number -> shard, of those that can be relied on.
        shard_images: pictures in a full shard.
    """

    def __init__(
        self,
        info: Mapping[str, Sequence[Any]],
        shards: Mapping[int, FinishedShard],
        shard_images: int,
    ) -> None:
        self._info, self._shards, self._shard_images = info, shards, shard_images
        self._row_of = {
            sha256: row
            for row, sha256 in enumerate(info.get("sha256", ()))
            if row // shard_images in shards
        }

    def find(self, sha256: str) -> tuple[PixelsInShard, dict[str, Any]] | None:
        """Pixels and info of a picture with these encoded bytes, or None."""
        row = self._row_of.get(sha256)
        if row is None:
            return None
        number, slot = divmod(row, self._shard_images)
        info = {name: values[row] for name, values in self._info.items()}
        return PixelsInShard(self._shards[number], slot), info


NOTHING_KNOWN = KnownImages({}, {}, 1)


@dataclass(frozen=True)
class PreviousStore:
    """The store that is about to be replaced.

    Attributes:
        folder: of the store; it need not be there.
    """

    folder: Path

    def matching(self, recipe: Mapping[str, Any], shape: tuple[int, int, int]) -> KnownImages:
        """Open what the store holds: nothing if it is missing, of another recipe, or damaged.

        Nothing is taken from a file whose checksum is not the one in ``meta.json``. All files are
        opened now, so that others may replace the store while the pictures are in use.

        Args:
            recipe: all that decides pixels and info but the encoded bytes.
            shape: (H, W, C) of the pixels.
        """
        try:
            meta = json.loads((self.folder / "meta.json").read_text(encoding="utf-8"))
            if meta["recipe"] == recipe and meta["shape"] == list(shape):
                return _open(self.folder, meta)
        except FileNotFoundError:  # the first time
            pass
        except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
            why = " ".join(str(error).split())
            logger.warning("%s is damaged, so all is decoded again: %s", self.folder, why)
        return NOTHING_KNOWN


def _open(folder: Path, meta: Mapping[str, Any]) -> KnownImages:
    with (folder / "index.parquet").open("rb", buffering=0) as file:
        if checksum_of(file) != meta["index"]:
            raise ValueError("index.parquet is not what was written")
        file.seek(0)
        table = pq.read_table(file, filters=[("row", ">=", 0)]).drop_columns(["image_id", "row"])
    info = {name: table[name].to_pylist() for name in table.column_names}
    shard_images: int = meta["shard_images"]

    def open_sound(number: int) -> FinishedShard | None:
        path = folder / shard_name(number)
        hashes = info["sha256"][number * shard_images : (number + 1) * shard_images]
        try:
            return FinishedShard(path, hashes, tuple(meta["shape"]), meta["shards"][number])
        except (OSError, ValueError):
            logger.warning("%s is damaged, so its images are decoded again", path)
            return None

    numbers = range(len(meta["shards"]))
    allow_open_files(len(numbers))
    opened = enumerate(map_in_threads(open_sound, numbers))
    shards = {number: shard for number, shard in opened if shard}
    return KnownImages(info, shards, shard_images)
