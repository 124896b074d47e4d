"""A table that nobody described: all its columns, in the encoding that it seems to have."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from dermaflow.data.drafting.conf_text import can_be_written
from dermaflow.errors import SourceError
from dermaflow.io.untrusted_tables import (
    MAX_TABLE_BYTES,
    UTF_8,
    clean_text,
    is_parquet,
    read_header,
    read_table,
    same_letters,
)
from dermaflow.params.sources import Encoding

_GUESSED: Encoding = "cp1252"  # of Western spreadsheets
_MARKS_OF_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_NO_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
# Nobody describes more than a few columns, and all are held in memory.
_MAX_COLUMNS = 1000


@dataclass(frozen=True)
class WholeTable:
    """All columns of a table by their names, text as it is written.

    Attributes:
        path: of the file.
        encoding: as conf names it; None for UTF-8 and Parquet.
        cells: a column of text for each name that the header has once.
        unreadable: other names: those that the header has several times, or of nested values.
    """

    path: Path
    encoding: Encoding | None
    cells: pd.DataFrame
    unreadable: list[str]

    def clean(self, unknown: Collection[str] = (), *, keep_invisible: bool = False) -> pd.DataFrame:
        """The cells as ``clean_text`` gives them; empty ones, and what is unknown, are missing."""
        columns = {
            name: clean_text(self.cells[name], unknown, keep_invisible) for name in self.cells
        }
        return pd.DataFrame(columns, self.cells.index, dtype=object)


def read_whole_table(path: Path, key: str) -> WholeTable:
    """Read all columns of a CSV or Parquet table.

    Args:
        path: of the file.
        key: the option that names it, for error texts.

    Raises:
        SourceError: it is missing, unreadable, too large or holds no row.
    """
    readable = path.is_file() and path.stat().st_size <= MAX_TABLE_BYTES
    encoding = guess_encoding(path) if readable else None
    name = encoding or UTF_8
    try:
        names = read_header(path, name) if readable else []
    except Exception:  # what a table that cannot be read raises; the next line says why
        names = []
    if not names:
        read_table(path, {}, key, encoding=name)
    header = Counter(same_letters(column.strip()) for column in names)
    header.pop("", None)
    columns = [name for name, times in header.items() if times == 1 and can_be_written(name)]
    if is_parquet(path):
        columns = _without_nested(path, columns)
    if len(columns) > _MAX_COLUMNS:
        raise SourceError(f"{path} has {len(columns)} columns; draft from those that matter")
    cells = read_table(path, {column: column for column in columns}, key, encoding=name)
    if cells.empty:
        raise SourceError(f"{path} holds no row below its header")
    others = [column for column in header if column not in columns]
    return WholeTable(path, encoding, cells.reset_index(drop=True), others)


def guess_encoding(path: Path) -> Encoding | None:
    """The encoding that a CSV that is not UTF-8 seems to have; None where none of ours fits."""
    if is_parquet(path) or _is_written_in(path, UTF_8):
        return None
    with path.open("rb") as file:
        start = file.read(2)
    encodings: tuple[Encoding, ...] = ("utf-16",) if start in _MARKS_OF_UTF_16 else (_GUESSED,)
    return next((name for name in encodings if _is_written_in(path, name)), None)


def words_to_check(table: WholeTable, limit: int = 5) -> list[str]:
    """Words with letters that another encoding would show as others, the names of columns first."""
    words: dict[str, None] = {}
    for column in (pd.Series(list(table.cells)), *map(table.cells.get, table.cells)):
        for word in column.dropna().unique():
            if not str(word).isascii():
                words[str(word).strip()] = None
            if len(words) == limit:
                return list(words)
    return list(words)


def _is_written_in(path: Path, encoding: str) -> bool:
    try:
        with path.open(encoding=encoding) as file:
            # All of it is read, or nothing would be known of its end.
            binary = sum(bool(_NO_TEXT.search(line)) for line in file)
    except UnicodeError:
        return False
    return encoding == UTF_8 or not binary


def _without_nested(path: Path, columns: list[str]) -> list[str]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pq.read_schema(path)
    nested = {
        same_letters(field.name.strip()) for field in schema if pa.types.is_nested(field.type)
    }
    return [column for column in columns if column not in nested]
