"""What people have said of pairs that were found, or should have been."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from dermaflow.errors import SourceError

COLUMNS = ("image_a", "image_b", "decision")
SAME, DIFFERENT = "same", "different"


def read_decisions(path: str | None) -> pd.DataFrame:
    """Read a CSV of pairs and decisions.

    Args:
        path: of a file with the columns ``image_a``, ``image_b`` and ``decision``, which is
            ``same`` or ``different``; others, such as who decided, are left alone. None for none.

    Raises:
        SourceError: the file cannot be read, lacks a column, or holds another decision.
    """
    if path is None:
        return pd.DataFrame(columns=list(COLUMNS))
    try:
        table = pd.read_csv(Path(path).expanduser(), dtype=str, encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        raise SourceError(f"{path} cannot be read ({error}); see duplicates.decisions") from error
    for column in COLUMNS:
        if column not in table:
            raise SourceError(f"{path} has no column {column!r}; it has {', '.join(table.columns)}")
    wrong = table[~table["decision"].isin([SAME, DIFFERENT])]
    if len(wrong):
        raise SourceError(
            f"{path}, line {wrong.index[0] + 2}: decision is {wrong['decision'].iloc[0]!r}; it can "
            f"be {SAME!r} or {DIFFERENT!r}"
        )
    return table[list(COLUMNS)]


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
    said = {_key(row.image_a, row.image_b): row.decision for row in known.itertuples()}
    keys = [_key(row.image_a, row.image_b) for row in pairs.itertuples()]
    decided = pairs.assign(decision=[said.get(key, "found") for key in keys])
    added = [
        {"image_a": a, "image_b": b, "decision": SAME}
        for (a, b), decision in said.items()
        if decision == SAME and (a, b) not in set(keys)
    ]
    if not added:
        return decided
    return pd.concat([decided, pd.DataFrame(added)], ignore_index=True)


def _key(first: str, second: str) -> tuple[str, str]:
    return (first, second) if first <= second else (second, first)
