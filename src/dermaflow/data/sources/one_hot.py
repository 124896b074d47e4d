"""A label that a table spreads over several columns, one for each class."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from dermaflow.io.untrusted_tables import UTF_8, read_table

logger = logging.getLogger(__name__)

_YES, _NO = ("1", "1.0", "true", "yes", "x"), ("0", "0.0", "false", "no", "")


def read_one_hot(path: Path, columns: Sequence[str], key: str, encoding: str = UTF_8) -> pd.Series:
    """Name of the column that says yes, row by row.

    Args:
        path: of the table.
        columns: one for each class, which hold 1 or 0, as numbers or as words.
        key: the parameter that names them, for error texts.
        encoding: of a CSV, by Python's name.

    Returns:
        Text; missing where none or several say yes, or a cell says something else, such as a
        probability. What is missing is quarantined as any row without a label.

    Raises:
        SourceError: the table or a column is missing or cannot be read.
    """
    wanted = {column: column for column in columns}
    table = read_table(path, wanted, key, encoding=encoding).reset_index(drop=True)
    cells = table.map(lambda text: "" if pd.isna(text) else str(text).strip().casefold())
    says_yes = cells.isin(_YES)
    is_sound = (says_yes | cells.isin(_NO)).all(axis=1) & (says_yes.sum(axis=1) == 1)
    names = pd.Series(
        [columns[place] for place in says_yes.to_numpy().argmax(axis=1)], dtype=object
    )
    if not is_sound.all():
        logger.warning(
            "%s: in %d of %d rows not exactly one of the columns %s holds 1 and the others 0, so "
            "that they have no label; the first is row %d",
            path.name,
            (~is_sound).sum(),
            len(table),
            ", ".join(columns),
            is_sound.argmin() + 1,
        )
    return names.where(is_sound, None)
