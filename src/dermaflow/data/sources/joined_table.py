"""A second table that says more of the rows of the first."""

from __future__ import annotations

import logging
from collections.abc import Collection
from pathlib import Path

import pandas as pd

from dermaflow.data.sources.source_records import read_records
from dermaflow.errors import SourceError
from dermaflow.io.text import one_line
from dermaflow.io.untrusted_tables import UTF_8
from dermaflow.params.sources import JoinedTable

logger = logging.getLogger(__name__)


def join_table(
    records: pd.DataFrame, joined: JoinedTable, key: str, unknown: Collection[str]
) -> pd.DataFrame:
    """Add the columns of a second table.

    Args:
        records: of the first table: ``SOURCE_COLUMNS``; not changed.
        joined: which table, by which id its rows belong to those of the first, and its columns.
        key: of the section in conf, for error texts.
        unknown: words that mean that a value is not known.

    Raises:
        SourceError: the table or a column is missing or cannot be read, two of its rows with one id
            say different things, or it has none of the first table's ids.
    """
    path, by = Path(joined.table).expanduser(), joined.by
    encoding = joined.encoding or UTF_8
    told = read_records(
        path, joined.columns, licence=None, key=key, unknown=unknown, encoding=encoding
    )
    added = [name for name in joined.columns if name != by]
    told = told[[by, *added]].dropna(subset=by).drop_duplicates()
    twice = told.loc[told[by].duplicated(), by]
    if len(twice):
        raise SourceError(
            f"{path}: {len(twice)} rows repeat a {by} and say something else, such as those of "
            f"'{one_line(twice.iloc[0], 40)}' (see {key})"
        )
    told = told.set_index(by)
    is_there = records[by].isin(told.index)
    if not is_there.any():
        raise SourceError(f"{path} has none of the {by}s of the other table (see {key})")
    if not is_there.all():
        logger.warning(
            "%s has no row for %d of %d %ss, such as %s; what it would say of them is unknown",
            path.name,
            (~is_there).sum(),
            len(records),
            by,
            one_line(records.loc[~is_there, by].iloc[0], 40),
        )
    return records.assign(
        **{name: told[name].reindex(records[by]).to_numpy() for name in added},
    )
