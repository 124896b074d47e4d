"""From a table as somebody wrote it to the records that ingest expects."""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Collection, Mapping
from pathlib import Path

import pandas as pd

from dermaflow.data.sources.ids import ID_COLUMNS, without_decimals
from dermaflow.io.text import one_line
from dermaflow.io.untrusted_tables import (
    UTF_8,
    clean_text,
    plain_name,
    read_header,
    read_table,
)
from dermaflow.params.sources import TableColumn
from dermaflow.schema import SOURCE_COLUMNS

logger = logging.getLogger(__name__)

_AGE = re.compile(
    r"(?P<number>\d+(?:[.,]\d+)?)\s*(?P<unit>y|yrs?|years?(?: old)?|j|jahre?|a|m|w|d)?",
    re.IGNORECASE,
)
_A_YEAR = {"m": 12, "w": 365.25 / 7, "d": 365.25}  # so many of a unit make one

# Columns in which a word for what is not known would be a value like any other.
_VERBATIM = frozenset(("label", "file", "licence"))
# How columns that say which images belong together are called, by what they are.
GROUPING = {
    name: re.compile(f"(?:{words})(?:s|e?n)?(?:id|uid|nr|no|num|number|nummer|code|key)?$")
    for name, words in {
        "lesion_id": "lesion|läsion|laesion",
        "patient_id": "patient|subject|person|pid|mrn",
    }.items()
}


def read_records(
    path: Path,
    columns: Mapping[TableColumn, str],
    *,
    licence: str | None,
    key: str,
    unknown: Collection[str],
    optional: Mapping[TableColumn, str] | None = None,
    encoding: str = UTF_8,
) -> pd.DataFrame:
    """Read a table as ``SOURCE_COLUMNS``: text stripped, ``age`` float64 in years.

    Args:
        path: a Parquet file, or text with ``,``, ``;`` or tabs between the columns.
        columns: record column -> column of the table; record columns left out become missing.
        licence: of rows that tell none.
        key: the parameter that names the columns or the folder, for error texts.
        unknown: words that mean that a value is not known, whatever their case.
        optional: like ``columns``, of columns that the table may lack.
        encoding: of text, by Python's name.

    Raises:
        SourceError: the table is missing or unreadable, or lacks a column (see ``read_table``).
    """
    wanted = {str(name): column for name, column in columns.items()}
    extra = {str(name): column for name, column in (optional or {}).items()}
    table = read_table(path, wanted, key, extra, encoding).reset_index(drop=True)
    records = pd.DataFrame(None, table.index, list(SOURCE_COLUMNS), dtype=object)
    for name in table:
        words = () if name in _VERBATIM else unknown
        records[name] = clean_text(table[name], words, keep_invisible=name == "file")
    _warn_of_unread_groups({**extra, **wanted}, path, encoding)
    for name in ID_COLUMNS:
        records[name] = without_decimals(records[name])
    records["age"] = _read_ages(records["age"], path)
    records["licence"] = records["licence"].fillna(licence) if licence else records["licence"]
    return records


def _warn_of_unread_groups(read: Mapping[str, str], path: Path, encoding: str) -> None:
    """Name columns that seem to say which images belong together, and that nothing reads."""
    header = {plain_name(column): column for column in read_header(path, encoding)}
    known = set(map(plain_name, read.values()))
    for name, pattern in GROUPING.items():
        if plain_name(read.get(name, "")) in header:
            continue
        for plain, column in header.items():
            if plain not in known and pattern.search(plain):
                logger.warning(
                    "%s: nothing reads the column '%s'; if it is %s, say so in conf, or images "
                    "that belong together may be on both sides of the split",
                    path.name,
                    one_line(column, 40),
                    name,
                )


def read_age(text: str) -> float:
    """Years, of ``45``, ``45,5``, ``45 years`` or DICOM's ``018M``; NaN of what is no age."""
    found = _AGE.fullmatch(text)
    if found is None:
        try:
            return float(text)
        except ValueError:
            return math.nan
    a_year = _A_YEAR.get((found["unit"] or "y")[0].lower(), 1)
    return float(found["number"].replace(",", ".")) / a_year


def _read_ages(texts: pd.Series, path: Path) -> pd.Series:
    """Years as float64; what is no number is unknown, and said to be."""
    ages = texts.map(read_age, na_action="ignore").astype("float64")
    lost = texts[texts.notna() & ages.isna()]
    if len(lost):
        logger.warning(
            "%s: %d ages are no numbers, such as '%s', and count as unknown",
            path.name,
            len(lost),
            one_line(lost.iloc[0], 40),
        )
    return ages
