"""What people have said of pairs that were found, or should have been."""

from __future__ import annotations

import logging
from pathlib import Path

import pandas as pd

from dermaflow.errors import SourceError
from dermaflow.io.text import one_line
from dermaflow.io.untrusted_tables import read_table, same_letters

logger = logging.getLogger(__name__)

COLUMNS = ("image_a", "image_b", "decision")
SAME, DIFFERENT = "same", "different"


def read_decisions(path: str | None) -> pd.DataFrame:
    """Read a table of pairs and decisions, as ``dermaflow.io.untrusted_tables`` reads tables.

    Args:
        path: of a file with the columns ``image_a``, ``image_b`` and ``decision``, which is
            ``same`` or ``different``; others, such as who decided, are left alone. None for none.

    Raises:
        SourceError: the file cannot be read, lacks a column, names an image on one side alone or
            the same on both, or holds another decision.
    """
    if path is None:
        return pd.DataFrame(columns=list(COLUMNS))
    wanted = {name: name for name in COLUMNS}
    table = read_table(Path(path).expanduser(), wanted, "validate.decisions")
    table = table.fillna("").map(lambda text: same_letters(text.strip()))
    wrong = table[~table["decision"].isin([SAME, DIFFERENT])]
    if len(wrong):
        raise SourceError(
            f"{path}, line {wrong.index[0]}: decision is "
            f"'{one_line(wrong['decision'].iloc[0], 40)}'; it can be {SAME!r} or {DIFFERENT!r}"
        )
    no_pair = (table["image_a"] == table["image_b"]) | table.eq("").any(axis=1)
    if no_pair.any():
        line = table.index[no_pair][0]
        raise SourceError(f"{path}, line {line}: a decision is about two different images")
    return table.reset_index(drop=True)


def apply_decisions(
    pairs: pd.DataFrame, decisions: pd.DataFrame, image_ids: pd.Series
) -> pd.DataFrame:
    """Let decisions overrule the finder.

    Args:
        pairs: as found, with ``image_a`` and ``image_b``.
        decisions: see ``read_decisions``; of a pair decided twice the last holds.
        image_ids: of the pictures there are; what is said of others is left out.

    Returns:
        The pairs with a column ``decision``: ``found``, ``same`` (whether found or not) or
        ``different``, which joins nothing.
    """
    known = decisions[decisions["image_a"].isin(image_ids) & decisions["image_b"].isin(image_ids)]
    if len(known) < len(decisions):
        logger.warning(
            "%d of %d decisions name images that are not in the manifest, and are left out",
            len(decisions) - len(known),
            len(decisions),
        )
    said = {_key(row.image_a, row.image_b): row.decision for row in known.itertuples()}
    keys = [_key(row.image_a, row.image_b) for row in pairs.itertuples()]
    found = set(keys)
    decided = pairs.assign(decision=[said.get(key, "found") for key in keys])
    added = [
        {"image_a": a, "image_b": b, "decision": SAME}
        for (a, b), decision in said.items()
        if decision == SAME and (a, b) not in found
    ]
    if not added:
        return decided
    return pd.concat([decided, pd.DataFrame(added)], ignore_index=True)


def _key(first: str, second: str) -> tuple[str, str]:
    return (first, second) if first <= second else (second, first)
