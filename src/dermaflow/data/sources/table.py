"""Any CSV or Parquet table beside a folder of images."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import pandas as pd

from dermaflow.data.sources.ids import without_decimals
from dermaflow.data.sources.image_folder import ImageFolder
from dermaflow.data.sources.image_source import speakable
from dermaflow.data.sources.joined_table import join_table
from dermaflow.data.sources.mask_files import find_masks
from dermaflow.data.sources.one_hot import read_one_hot
from dermaflow.data.sources.source_records import read_records
from dermaflow.data.sources.written_names import find_names
from dermaflow.errors import SourceError
from dermaflow.io.untrusted_tables import UTF_8, same_letters
from dermaflow.params.sources import TableSource


class Table:
    """Rows of a table whose columns ``columns`` translates.

    A file may be written without its suffix, with backslashes, or with the folder before it. What
    ``values`` does not translate stays as it is, for validate to judge.

    Args:
        params: where table, images and masks are, and what the columns mean.
        key: of the section in conf, for error texts.
        unknown: words that mean that a value is not known.
        mask_suffixes: what stands behind an image's name in that of its mask.

    Raises:
        SourceError: a table, a column or a folder is missing or cannot be read.
    """

    def __init__(
        self,
        params: TableSource,
        key: str,
        unknown: Collection[str],
        mask_suffixes: Sequence[str],
    ) -> None:
        self._masks = ImageFolder(params.masks, f"{key}.masks") if params.masks else None
        self._images = ImageFolder(
            params.images,
            f"{key}.images",
            without=self._masks.path if self._masks else None,
            ignore=params.ignore,
        )
        if self._masks and self._images.path.is_relative_to(self._masks.path):
            raise SourceError(
                f"{self._masks.path} holds the images too; give the masks a folder of their own "
                f"({key}.masks)"
            )
        self.folder = self._images.path
        self._files = self._images.names()
        records = _read_rows(params, key, unknown)
        folders = (f"{self._images.path}/", f"{params.images.rstrip('/')}/")
        records["file"] = find_names(records["file"], self._files, folders)
        self._records = records
        self._find_masks(mask_suffixes)

    def _find_masks(self, suffixes: Sequence[str]) -> None:
        """In the folder of masks by the image's id; else among the images, by id or file."""
        rows = self._records.dropna(subset=["image_id", "file"])
        ids = set(rows["image_id"])
        self._mask_files = self._masks.names() if self._masks else []
        in_folder = {same_letters(file): file for file in self._mask_files}
        self._mask_of = {
            image: in_folder[mask]
            for image, mask in find_masks(in_folder, ids, ("", *suffixes)).items()
        }
        pictures = dict(zip(rows["file"].map(_stem), rows["image_id"], strict=True))
        beside = find_masks(set(self._files) - set(rows["file"]), pictures, suffixes)
        self._mask_beside = {pictures[stem]: mask for stem, mask in beside.items()}

    def records(self) -> pd.DataFrame:
        """Rows in the order of the table."""
        return self._records.copy()

    def read(self, file: str) -> bytes:
        """Bytes of a file inside the images folder. Raises OSError."""
        return self._images.read(file)

    def read_mask(self, image_id: str) -> bytes | None:
        """That of the masks folder, or else the one beside the image, or None. Raises OSError."""
        if self._masks and image_id in self._mask_of:
            return self._masks.read(self._mask_of[image_id])
        beside = self._mask_beside.get(image_id)
        return self._images.read(beside) if beside else None

    def unlisted(self) -> list[str]:
        """Files below both folders that no row names; masks begin with their folder's name."""
        named = {*self._records["file"].dropna(), *self._mask_beside.values()}
        unlisted = [file for file in self._files if file not in named]
        if self._masks:
            masks = set(self._mask_of.values())
            others = [file for file in self._mask_files if file not in masks]
            unlisted += [f"{self._masks.path.name}/{file}" for file in others]
        return [speakable(file) for file in unlisted]


def _read_rows(params: TableSource, key: str, unknown: Collection[str]) -> pd.DataFrame:
    """Rows of the table, with what its own words and a second table say."""
    path = Path(params.table).expanduser()
    encoding = params.encoding or UTF_8
    records = read_records(
        path,
        params.columns,
        licence=params.licence,
        key=key,
        unknown=unknown,
        encoding=encoding,
    )
    if params.label_columns:
        records["label"] = read_one_hot(path, params.label_columns, key, encoding)
    if params.join:
        records = join_table(records, params.join, f"{key}.join", unknown)
    for column, words in (params.values or {}).items():
        records[column] = _translate(records[column], words)
    return records


def _stem(file: str) -> str:
    return file.rpartition(".")[0]


def _translate(column: pd.Series, words: Mapping[str, str]) -> pd.Series:
    """Words of the table as conf has them, whatever their case; a code may stand as ``1.0``."""
    known = {same_letters(word).casefold(): meaning for word, meaning in words.items()}
    plain = without_decimals(column)
    told = plain.map(lambda text: known.get(str(text).casefold()), na_action="ignore")
    return told.where(told.notna(), column)
