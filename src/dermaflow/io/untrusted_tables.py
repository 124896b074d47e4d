"""Tables that somebody else wrote, read as text and within bounds."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from dermaflow.errors import SourceError
from dermaflow.io.csv_rows import csv_rows, find_separator, refuse_misfit
from dermaflow.io.file_kinds import encoding_of, kind_of
from dermaflow.io.text import one_line

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq
    from numpy.typing import NDArray

# Bounds of time and memory, far beyond any table of images.
MAX_TABLE_BYTES = 512 * 2**20
MAX_ROWS = 5_000_000
MAX_CELL = 2000  # characters

UTF_8 = "utf-8-sig"  # with or without a byte order mark
# Soft hyphen, zero-width blanks and joiners, and the byte order mark.
_INVISIBLE = re.compile("[\u00ad\u200b-\u200d\u2060\ufeff]")


def read_table(
    path: Path,
    columns: Mapping[str, str],
    key: str,
    optional: Mapping[str, str] | None = None,
    encoding: str = UTF_8,
) -> pd.DataFrame:
    """Read some columns of a table, every cell as text or missing.

    Args:
        path: a Parquet file, or CSV with ``,``, ``;`` or tabs between the cells, as Excel's line
            ``sep=;`` before the header may tell. Cells that a CSV's row lacks at its end are
            missing; blank lines are no rows.
        columns: the name to give -> the column's name in the table, whatever its case, blanks and
            signs, unless another column has that very name.
        key: the parameter that names the table, for error texts.
        optional: like ``columns``, of columns that the table may lack.
        encoding: of a CSV, by Python's name.

    Returns:
        The columns by the names to give, text as it is written or missing. The index tells the
        line of a CSV, or the number of a Parquet row from 1.

    Raises:
        SourceError: the table is missing, unreadable or too large, lacks a column or has it twice,
            or a row does not fit the header; the text tells where.
    """
    _refuse_unreadable(path, key)
    is_csv = not is_parquet(path)
    try:
        if is_csv:
            table = _read_csv(path, columns, optional or {}, key, encoding)
        else:
            table = _read_parquet(path, columns, optional or {}, key)
    except SourceError:
        raise
    # Parsers raise nearly anything on hostile bytes.
    except Exception as error:
        name = "UTF-8" if encoding == UTF_8 else encoding
        if is_csv and isinstance(error, UnicodeError):
            raise SourceError(
                f"{path} is not written in {name}; save it as 'CSV UTF-8', or convert it "
                f"(iconv -f {encoding_of(path)} -t UTF-8)"
            ) from error
        raise SourceError(
            f"{path} is no readable CSV ({name}) or Parquet table: {one_line(error, 120)}"
        ) from error
    _refuse_huge_cells(path, table, is_csv=is_csv)
    return table


def is_parquet(path: Path) -> bool:
    """Whether a table's name says that it is Parquet; else it is taken for CSV."""
    return path.suffix.lower() == ".parquet"


def read_header(path: Path, encoding: str = UTF_8) -> list[str]:
    """Names of a table's columns. The table has been read before, so that nothing is wrong."""
    if is_parquet(path):
        import pyarrow.parquet as pq

        with pq.ParquetFile(path) as file:
            return list(file.schema_arrow.names)
    with path.open(encoding=encoding, newline="") as file:
        _, header = next(csv_rows(file, *find_separator(file)), (0, []))
    return header


def same_letters(text: str) -> str:
    """One form (NFC) for letters that look the same, such as ä as one sign or as a with dots."""
    return unicodedata.normalize("NFC", text)


def clean_text(
    column: pd.Series, unknown: Collection[str] = (), keep_invisible: bool = False
) -> pd.Series:
    """Text without outer blanks and invisible signs, in one form of letters; None where none is.

    Args:
        column: anything.
        unknown: words that stand for none, whatever their case.
        keep_invisible: whether signs that take no room, such as a byte order mark, are kept; they
            come with text that was copied from elsewhere, and make two ids of one.
    """
    nothing = {same_letters(word).casefold() for word in unknown} | {""}

    def clean(value: object) -> str | None:
        text = "" if pd.isna(value) else same_letters(str(value))
        text = (text if keep_invisible else _INVISIBLE.sub("", text)).strip()
        return None if text.casefold() in nothing else text

    # Most columns hold few values, so each is cleaned once.
    codes, values = pd.factorize(column, use_na_sentinel=False)
    cleaned = np.array([clean(value) for value in values], dtype=object)
    return pd.Series(cleaned[codes], index=column.index, dtype=object)


def _refuse_unreadable(path: Path, key: str) -> None:
    if not path.is_file():
        raise SourceError(f"there is no table {path} (see {key})")
    if path.stat().st_size > MAX_TABLE_BYTES:
        raise SourceError(f"{path} is larger than {MAX_TABLE_BYTES} bytes, too large for a table")
    kind = kind_of(path)
    if kind and not (kind.is_parquet and is_parquet(path)):
        raise SourceError(f"{path} is {kind.name}, not a CSV; {kind.advice}")


def _read_csv(
    path: Path,
    columns: Mapping[str, str],
    optional: Mapping[str, str],
    key: str,
    encoding: str,
) -> pd.DataFrame:
    with path.open(encoding=encoding, newline="") as file:
        rows = csv_rows(file, *find_separator(file))
        _, header = next(rows, (0, []))
        if not header:
            raise SourceError(f"{path} is empty")
        places = _find_columns(path, header, columns, optional, key)
        lines: list[int] = []
        cells: list[list[str | None]] = []
        for line, row in rows:
            if len(lines) == MAX_ROWS:
                raise _too_many_rows(path)
            refuse_misfit(path, line, row, header)
            lines.append(line)
            cells.append([row[p] if p < len(row) else None for p in places.values()])
    return pd.DataFrame(cells, lines, list(places), dtype=object)


def _too_many_rows(path: Path) -> SourceError:
    return SourceError(f"{path} has more than {MAX_ROWS} rows, too many for a table")


def _read_parquet(
    path: Path, columns: Mapping[str, str], optional: Mapping[str, str], key: str
) -> pd.DataFrame:
    import pyarrow as pa
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        if file.metadata.num_rows > MAX_ROWS:
            raise _too_many_rows(path)
        metadata = file.metadata
        header = file.schema_arrow.names
        places = _find_columns(path, header, columns, optional, key)
        fields = [file.schema_arrow.field(place) for place in places.values()]
    wanted = [field.name for field in fields]
    for field in fields:
        if pa.types.is_nested(field.type):
            raise SourceError(_explain_type(path, field.name, field.type))
    if _unpacked_bytes(metadata, wanted) > MAX_TABLE_BYTES:
        raise SourceError(f"{path} unpacks to over {MAX_TABLE_BYTES} bytes, too large for a table")
    # A value is kept once, however often it occurs: a small file can repeat a large one.
    with pq.ParquetFile(path, read_dictionary=wanted) as file:
        table = file.read(columns=list(dict.fromkeys(wanted)))
    cells = {
        name: _cells_of(path, column, table[column])
        for name, column in zip(places, wanted, strict=True)
    }
    return pd.DataFrame(cells, range(1, table.num_rows + 1), dtype=object)


def _unpacked_bytes(metadata: pq.FileMetaData, columns: Collection[str]) -> int:
    groups = (metadata.row_group(number) for number in range(metadata.num_row_groups))
    chunks = (group.column(number) for group in groups for number in range(group.num_columns))
    return sum(c.total_uncompressed_size for c in chunks if c.path_in_schema in columns)


def _cells_of(path: Path, name: str, column: pa.ChunkedArray) -> NDArray[np.object_]:
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = column.type
    if pa.types.is_floating(kind):
        column = pc.if_else(pc.is_nan(column), None, column)
    try:
        if not (pa.types.is_dictionary(kind) and pa.types.is_string(kind.value_type)):
            column = column.cast(pa.string()).dictionary_encode()
    except (NotImplementedError, ValueError) as error:  # pyarrow's are these as well
        raise SourceError(_explain_type(path, name, kind)) from error
    parts = [
        np.array([*chunk.dictionary.to_pylist(), None], object)[chunk.indices.fill_null(-1)]
        for chunk in column.chunks
    ]
    return np.concatenate([np.empty(0, object), *parts])


def _explain_type(path: Path, name: str, kind: pa.DataType) -> str:
    return f"{path}: column '{one_line(name, 40)}' holds {one_line(kind, 40)}, not text or numbers"


def _find_columns(
    path: Path,
    header: Sequence[str],
    columns: Mapping[str, str],
    optional: Mapping[str, str],
    key: str,
) -> dict[str, int]:
    """Place of each column that is there. Raises SourceError where one is not, or several are."""
    if any(len(name) > MAX_CELL for name in header):
        raise SourceError(f"{path} has no header: a column's name has over {MAX_CELL} characters")
    names = [same_letters(name.strip()) for name in header]
    places: dict[str, int] = {}
    for name, column in {**optional, **columns}.items():
        found = _places_of(column, names)
        if len(found) > 1:
            raise SourceError(f"{path} has {len(found)} columns '{column}'; which is meant?")
        if found:
            places[name] = found[0]
        elif name in columns:
            known = ", ".join(one_line(known, 40) for known in names[:20])
            meaning = "" if name == column else f" for {name}"
            raise SourceError(
                f"{path} has no column '{column}'{meaning} (see {key}); its columns: {known}"
            )
    return places


def _places_of(column: str, names: Sequence[str]) -> list[int]:
    """Where a column is; one that is written otherwise is meant only where none is as it is."""
    exact = [i for i, known in enumerate(names) if known == same_letters(column.strip())]
    return exact or [i for i, known in enumerate(names) if plain_name(known) == plain_name(column)]


def plain_name(column: str) -> str:
    """A column's name as names are compared: ``Lesion_ID`` and ``lesion id`` are one."""
    return "".join(c for c in same_letters(column).casefold() if c.isalnum())


def _refuse_huge_cells(path: Path, table: pd.DataFrame, is_csv: bool) -> None:
    for name in table:
        lengths = table[name].str.len() if len(table) else table[name]
        huge = table.index[lengths > MAX_CELL]
        if len(huge):
            place = f"line {huge[0]}" if is_csv else f"row {huge[0]}"
            guess = "; is a quote not closed?" if is_csv else ""
            raise SourceError(f"{path}, {place}: {name} has more than {MAX_CELL} characters{guess}")
