"""Any CSV or Parquet table beside a folder of images."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

import pandas as pd

from dermaflow.data.sources.image_folder import ImageFolder, find_names
from dermaflow.data.sources.image_source import speakable
from dermaflow.data.sources.source_records import read_records
from dermaflow.errors import SourceError
from dermaflow.io.untrusted_tables import same_letters
from dermaflow.params.sources import TableSource


class Table:
    """Rows of a table whose columns ``columns`` translates.

    A file may be written without its suffix, with backslashes, or with the folder before it. What
    ``values`` does not translate stays as it is, for validate to judge.

    Args:
        params: where table, images and masks are, and what the columns mean.
        key: of the section in conf, for error texts.
        unknown: words that mean that a value is not known.

    Raises:
        SourceError: the table, a column or a folder is missing or cannot be read.
    """

    def __init__(self, params: TableSource, key: str, unknown: Collection[str]) -> None:
        self._masks = ImageFolder(params.masks, f"{key}.masks") if params.masks else None
        self._images = ImageFolder(
            params.images, f"{key}.images", without=self._masks.path if self._masks else None
        )
        if self._masks and self._images.path.is_relative_to(self._masks.path):
            raise SourceError(
                f"{self._masks.path} holds the images too; give the masks a folder of their own "
                f"({key}.masks)"
            )
        self.folder = self._images.path
        self._files = self._images.names()
        self._mask_files = self._masks.names() if self._masks else []
        self._mask_names = {same_letters(file): file for file in self._mask_files}
        table = Path(params.table).expanduser()
        records = read_records(
            table, params.columns, licence=params.licence, key=key, unknown=unknown
        )
        for column, words in (params.values or {}).items():
            records[column] = _translate(records[column], words)
        folders = (f"{self._images.path}/", f"{params.images.rstrip('/')}/")
        records["file"] = find_names(records["file"], self._files, folders)
        self._records = records

    def records(self) -> pd.DataFrame:
        """Rows in the order of the table."""
        return self._records.copy()

    def read(self, file: str) -> bytes:
        """Bytes of a file inside the images folder. Raises OSError."""
        return self._images.read(file)

    def read_mask(self, image_id: str) -> bytes | None:
        """``<image_id>.png`` of the masks folder, or None. Raises OSError."""
        file = self._mask_names.get(_mask_of(image_id))
        return self._masks.read(file) if self._masks and file else None

    def unlisted(self) -> list[str]:
        """Files below both folders that no row names; masks begin with their folder's name."""
        named = set(self._records["file"].dropna())
        known = map(_mask_of, self._records["image_id"].dropna())
        masks = set(map(self._mask_names.get, known))
        unlisted = [file for file in self._files if file not in named]
        if self._masks:
            others = [file for file in self._mask_files if file not in masks]
            unlisted += [f"{self._masks.path.name}/{file}" for file in others]
        return [speakable(file) for file in unlisted]


def _mask_of(image_id: str) -> str:
    return f"{image_id}.png"


def _translate(column: pd.Series, words: Mapping[str, str]) -> pd.Series:
    known = {same_letters(word): meaning for word, meaning in words.items()}
    return column.map(lambda text: known.get(text, text))
