"""From a table as somebody wrote it to the records that ingest expects."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from dermaflow.errors import SourceError
from dermaflow.params.sources import TableColumn
from dermaflow.schema import SOURCE_COLUMNS

logger = logging.getLogger(__name__)

# What people write, in any case, where they do not know.
_UNKNOWN = frozenset(("", "-", "?", "n/a", "na", "nan", "none", "null", "unknown"))
# Columns in which those words would be a value like any other.
_VERBATIM = frozenset(("image_id", "lesion_id", "patient_id", "label", "file", "licence"))


def read_records(
    path: Path,
    columns: Mapping[TableColumn, str],
    *,
    licence: str | None,
    key: str,
    optional: Mapping[TableColumn, str] | None = None,
) -> pd.DataFrame:
    """Read a table as ``SOURCE_COLUMNS``: text stripped, ``age`` float64 in years.

    Args:
        path: a Parquet file, or text in UTF-8 with ``,``, ``;`` or tabs between the columns.
        columns: record column -> column of the table; record columns left out become missing.
        licence: of rows that tell none.
        key: the parameter that names the columns or the folder, for error texts.
        optional: like ``columns``, of columns that the table may lack.

    Raises:
        SourceError: the table is missing or unreadable, or lacks a column.
    """
    table = _read_table(path, key)
    for name, column in columns.items():
        if column not in table.columns:
            known = ", ".join(map(str, table.columns[:20]))
            raise SourceError(
                f"{path} has no column '{column}' for {name} (see {key}); its columns: {known}"
            )
    found = {name: c for name, c in (optional or {}).items() if c in table.columns}
    records = pd.DataFrame(None, table.index, list(SOURCE_COLUMNS), dtype=object)
    for name, column in (found | dict(columns)).items():
        records[name] = _clean_text(table[column], verbatim=name in _VERBATIM)
    records["age"] = _read_ages(records["age"], path)
    records["licence"] = records["licence"].fillna(licence) if licence else records["licence"]
    return records


def _read_table(path: Path, key: str) -> pd.DataFrame:
    if not path.is_file():
        raise SourceError(f"there is no table {path} (see {key})")
    try:
        if path.suffix.lower() == ".parquet":
            return pd.read_parquet(path, dtype_backend="numpy_nullable")
        with path.open(encoding="utf-8-sig") as file:
            header = file.readline()
        separator = max(",;\t", key=header.count)
        return pd.read_csv(
            path,
            sep=separator,
            dtype=str,
            keep_default_na=False,
            index_col=False,  # else a separator at the end of each row would shift the columns
            encoding="utf-8-sig",
        )
    except UnicodeDecodeError as error:  # from a spreadsheet program, as a rule
        raise SourceError(
            f"{path} is not written in UTF-8; save it as 'CSV UTF-8', or convert it "
            "(iconv -f CP1252 -t UTF-8)"
        ) from error
    except (OSError, ValueError) as error:  # pandas' and pyarrow's parser errors are ValueErrors
        why = " ".join(str(error).split())
        raise SourceError(f"{path} is no readable CSV (UTF-8) or Parquet table: {why}") from error


def _read_ages(texts: pd.Series, path: Path) -> pd.Series:
    """Years as float64; what is no number is unknown, and said to be."""
    ages = pd.to_numeric(texts, errors="coerce").astype("float64")
    lost = texts[texts.notna() & ages.isna()]
    if len(lost):
        logger.warning(
            "%s: %d ages are no numbers, such as '%s', and count as unknown",
            path.name,
            len(lost),
            lost.iloc[0],
        )
    return ages


def _clean_text(column: pd.Series, *, verbatim: bool) -> pd.Series:
    """Text without outer blanks; None where there is none."""
    unknown = frozenset(("",)) if verbatim else _UNKNOWN

    def clean(value: object) -> str | None:
        text = "" if pd.isna(value) else str(value).strip()
        return None if text.casefold() in unknown else text

    # Most columns hold few values, so each is cleaned once.
    codes, values = pd.factorize(column, use_na_sentinel=False)
    cleaned = np.array([clean(value) for value in values], dtype=object)
    return pd.Series(cleaned[codes], index=column.index, dtype=object)
