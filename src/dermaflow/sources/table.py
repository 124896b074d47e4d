"""Any CSV or Parquet table beside a folder of images."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from dermaflow.params.sources import TableSource
from dermaflow.sources.image_folder import ImageFolder
from dermaflow.sources.records import read_records


class Table:
    """Rows of a table whose columns ``columns`` translates.

    A file may be written without its suffix. A row without lesion is a lesion of its own. What
    ``values`` does not translate stays as it is, for validate to judge.

    Args:
        params: where table, images and masks are, and what the columns mean.
        key: of the section in conf, for error texts.

    Raises:
        SourceError: the table, a column or a folder is missing.
    """

    def __init__(self, params: TableSource, key: str) -> None:
        self._masks = ImageFolder(params.masks, f"{key}.masks") if params.masks else None
        self._images = ImageFolder(
            params.images, f"{key}.images", without=self._masks.path if self._masks else None
        )
        self._files = self._images.names()
        table = Path(params.table).expanduser()
        records = read_records(table, params.columns, licence=params.licence, key=key)
        for column, words in (params.values or {}).items():
            translate = dict(words)
            records[column] = records[column].map(lambda text, t=translate: t.get(text, text))
        records["lesion_id"] = records["lesion_id"].fillna(records["image_id"])
        names = {file.rpartition(".")[0]: file for file in reversed(self._files)}
        names |= {file: file for file in self._files}
        records["file"] = records["file"].map(lambda file: names.get(file, file))
        self._records = records

    def records(self) -> pd.DataFrame:
        """Rows in the order of the table."""
        return self._records.copy()

    def read(self, file: str) -> bytes:
        """Bytes of a file inside the images folder. Raises OSError."""
        return self._images.read(file)

    def read_mask(self, image_id: str) -> bytes | None:
        """``<image_id>.png`` of the masks folder, or None. Raises OSError."""
        try:
            return self._masks.read(f"{image_id}.png") if self._masks else None
        except FileNotFoundError:
            return None

    def unlisted(self) -> list[str]:
        """Image files below the images folder that no row names."""
        named = {Path(file).as_posix() for file in self._records["file"].dropna()}
        return [file for file in self._files if file not in named]
