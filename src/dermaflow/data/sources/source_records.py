"""From a table as somebody wrote it to the records that ingest expects."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from dermaflow.io.text import one_line
from dermaflow.io.untrusted_tables import read_table, same_letters
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
        SourceError: the table is missing or unreadable, or lacks a column (see ``read_table``).
    """
    wanted = {str(name): column for name, column in columns.items()}
    extra = {str(name): column for name, column in (optional or {}).items()}
    table = read_table(path, wanted, key, extra).reset_index(drop=True)
    records = pd.DataFrame(None, table.index, list(SOURCE_COLUMNS), dtype=object)
    for name in table:
        records[name] = _clean_text(table[name], verbatim=name in _VERBATIM)
    records["age"] = _read_ages(records["age"], path)
    records["licence"] = records["licence"].fillna(licence) if licence else records["licence"]
    return records


def _read_ages(texts: pd.Series, path: Path) -> pd.Series:
    """Years as float64; what is no number is unknown, and said to be."""
    ages = pd.to_numeric(texts, errors="coerce").astype("float64")
    lost = texts[texts.notna() & ages.isna()]
    if len(lost):
        logger.warning(
            "%s: %d ages are no numbers, such as '%s', and count as unknown",
            path.name,
            len(lost),
            one_line(lost.iloc[0], 40),
        )
    return ages


def _clean_text(column: pd.Series, *, verbatim: bool) -> pd.Series:
    """Text without outer blanks, in one form of letters; None where there is none."""
    unknown = frozenset(("",)) if verbatim else _UNKNOWN

    def clean(value: object) -> str | None:
        text = "" if pd.isna(value) else same_letters(str(value).strip())
        return None if text.casefold() in unknown else text

    # Most columns hold few values, so each is cleaned once.
    codes, values = pd.factorize(column, use_na_sentinel=False)
    cleaned = np.array([clean(value) for value in values], dtype=object)
    return pd.Series(cleaned[codes], index=column.index, dtype=object)
