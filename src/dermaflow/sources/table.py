"""Any CSV or Parquet table beside a folder of images."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterator, Mapping
from pathlib import Path

import pandas as pd

from dermaflow.errors import SourceError
from dermaflow.params import TableSource
from dermaflow.sources.base import IMAGE_SUFFIXES, MAX_FILE_BYTES, may_hold_images, speakable
from dermaflow.sources.records import read_records
from dermaflow.tables import same_letters


class Table:
    """Rows of a table whose columns ``ingest.table.columns`` translates.

    A file may be written without its suffix, with backslashes, or with the folder before it. A row
    without lesion is a lesion of its own. What ``ingest.table.labels`` and ``.values`` do not
    translate stays as it is, for validate to judge.

    Args:
        params: where table, images and masks are, and what the columns and labels mean.

    Raises:
        SourceError: the table, a column or a folder is missing or cannot be read.
    """

    def __init__(self, params: TableSource) -> None:
        self._images = _folder(params.images, "ingest.table.images")
        self._masks = _folder(params.masks, "ingest.table.masks") if params.masks else None
        if self._masks and self._images.is_relative_to(self._masks):
            raise SourceError(
                f"{self._masks} holds the images too; give the masks a folder of their own "
                "(ingest.table.masks)"
            )
        self._files = sorted(_list_files(self._images, without=self._masks))
        self._mask_files = sorted(_list_files(self._masks)) if self._masks else []
        self._mask_names = {same_letters(file): file for file in self._mask_files}
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
        folders = (f"{self._images}/", f"{params.images.rstrip('/')}/")
        records["file"] = _find_files(records["file"], self._files, folders)
        self._records = records

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
        file = self._mask_names.get(_mask_of(image_id))
        return _read_inside(self._masks, file) if self._masks and file else None

    def unlisted(self) -> list[str]:
        """Files below both folders that no row names; masks begin with their folder's name."""
        named = set(self._records["file"].dropna())
        known = map(_mask_of, self._records["image_id"].dropna())
        masks = set(map(self._mask_names.get, known))
        unlisted = [file for file in self._files if file not in named]
        if self._masks:
            others = [file for file in self._mask_files if file not in masks]
            unlisted += [f"{self._masks.name}/{file}" for file in others]
        return [speakable(file) for file in unlisted]


def _mask_of(image_id: str) -> str:
    return f"{image_id}.png"


def _translate(column: pd.Series, words: Mapping[str, str]) -> pd.Series:
    known = {same_letters(word): meaning for word, meaning in words.items()}
    return column.map(lambda text: known.get(text, text))


def _find_files(column: pd.Series, files: list[str], folders: tuple[str, ...]) -> pd.Series:
    """Put the name on disk in place of how a row writes it; what is not found stays as it is."""
    known = {same_letters(file): file for file in files}
    stems = {
        name.rpartition(".")[0]: file
        for name, file in reversed(known.items())
        if name.lower().endswith(IMAGE_SUFFIXES)
    }
    known = stems | known

    def find(written: str) -> str:
        name = written.replace("\\", "/")
        for folder in folders:
            name = name.removeprefix(folder)
        return known.get(posixpath.normpath(name), written)

    return column.map(find, na_action="ignore")


def _folder(path: str, key: str) -> Path:
    folder = Path(path).expanduser()
    if not folder.is_dir():
        raise SourceError(f"there is no folder {folder}: set {key}")
    return folder.resolve()


def _list_files(top: Path, without: Path | None = None) -> Iterator[str]:
    """Files below a folder that may be images, as relative paths with ``/``.

    Links to folders are not followed, and end with ``/``; hidden folders are left out. Raises
    SourceError where a folder cannot be read.
    """
    pending = [""]
    while pending:
        prefix = pending.pop()
        for entry in _entries(top / prefix):
            if entry.is_dir(follow_symlinks=False):
                if not entry.name.startswith(".") and Path(entry.path) != without:
                    pending.append(f"{prefix}{entry.name}/")
            elif may_hold_images(entry.name):
                linked = entry.is_symlink() and Path(entry.path).is_dir()
                yield f"{prefix}{entry.name}/" if linked else prefix + entry.name


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:  # much quicker than `rglob` on large sets
            return list(entries)
    except OSError as error:
        raise SourceError(f"{speakable(str(folder))} cannot be read ({error.strerror})") from error


def _read_inside(folder: Path, name: str) -> bytes:
    """Read ``folder/name`` unless it, or what it links to, lies outside ``folder``."""
    try:
        path = (folder / name).resolve()
        climbs = Path(name).is_absolute() or ".." in Path(name).parts
        inside, exists = path.is_relative_to(folder) and not climbs, path.is_file()
    except (ValueError, OSError, RuntimeError):  # a NUL in the name, too long, a loop of links
        inside = exists = False
    if not (inside and exists):
        raise FileNotFoundError("no such file inside the folder")
    if path.stat().st_size > MAX_FILE_BYTES:
        raise OSError(f"larger than {MAX_FILE_BYTES} bytes")
    return path.read_bytes()
