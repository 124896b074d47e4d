"""Any CSV or Parquet table beside a folder of images."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from dermaflow.errors import SourceError
from dermaflow.params import TableSource
from dermaflow.sources.base import IMAGE_SUFFIXES, MAX_FILE_BYTES
from dermaflow.sources.records import read_records


class Table:
    """Rows of a table whose columns ``ingest.table.columns`` translates.

    A file may be written without its suffix. A row without lesion is a lesion of its own. What
    ``ingest.table.labels`` and ``.values`` do not translate stays as it is, for validate to judge.

    Args:
        params: where table, images and masks are, and what the columns and labels mean.

    Raises:
        SourceError: the table, a column or a folder is missing.
    """

    def __init__(self, params: TableSource) -> None:
        self._images = _folder(params.images, "ingest.table.images")
        self._masks = _folder(params.masks, "ingest.table.masks") if params.masks else None
        self._files = self._list_images()
        records = read_records(
            Path(params.table).expanduser(),
            params.columns,
            source=params.name,
            licence=params.licence,
            key="ingest.table",
        )
        records["label"] = _translate(records["label"], params.labels)
        for column, words in (params.values or {}).items():
            records[column] = _translate(records[column], words)
        records["lesion_id"] = records["lesion_id"].fillna(records["image_id"])
        names = {file.rpartition(".")[0]: file for file in reversed(self._files)}
        names |= {file: file for file in self._files}
        records["file"] = records["file"].map(lambda file: names.get(file, file))
        self._records = records

    def _list_images(self) -> list[str]:
        """Images below the folder, as relative paths with ``/``; masks are none of them."""
        found: list[str] = []
        for folder, _, names in os.walk(self._images):  # much quicker than `rglob` on large sets
            place = Path(folder)
            if self._masks and place.is_relative_to(self._masks):
                continue
            prefix = place.relative_to(self._images)
            files = (prefix / name for name in names)
            found += (path.as_posix() for path in files if path.suffix.lower() in IMAGE_SUFFIXES)
        return sorted(found)

    def records(self) -> pd.DataFrame:
        """Rows in the order of the table."""
        return self._records.copy()

    def read(self, file: str) -> bytes:
        """Bytes of a file inside the images folder.

        Raises:
            FileNotFoundError: there is no such file, or it lies outside the folder.
            OSError: it is too large or cannot be read.
        """
        return _read_inside(self._images, file)

    def read_mask(self, image_id: str) -> bytes | None:
        """``<image_id>.png`` of the masks folder, or None. Raises OSError."""
        try:
            return _read_inside(self._masks, f"{image_id}.png") if self._masks else None
        except FileNotFoundError:
            return None

    def unlisted(self) -> list[str]:
        """Image files below the images folder that no row names."""
        named = {Path(file).as_posix() for file in self._records["file"].dropna()}
        return [file for file in self._files if file not in named]


def _translate(column: pd.Series, words: Mapping[str, str]) -> pd.Series:
    return column.map(lambda text: words.get(text, text))


def _folder(path: str, key: str) -> Path:
    folder = Path(path).expanduser()
    if not folder.is_dir():
        raise SourceError(f"there is no folder {folder}: set {key}")
    return folder.resolve()


def _read_inside(folder: Path, name: str) -> bytes:
    """Read ``folder/name`` unless it, or what it links to, lies outside ``folder``."""
    try:
        path = (folder / name).resolve()
        inside, exists = path.is_relative_to(folder), path.is_file()
    except (ValueError, OSError, RuntimeError):  # a NUL in the name, too long, a loop of links
        inside = exists = False
    if not (inside and exists):
        raise FileNotFoundError("no such file inside the folder")
    if path.stat().st_size > MAX_FILE_BYTES:
        raise OSError(f"larger than {MAX_FILE_BYTES} bytes")
    return path.read_bytes()
