"""Which rows are set aside, and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from dermaflow.validation.suites import Outcome, SuiteResult, format_value

QUARANTINE_COLUMNS = ("image_id", "file", "label", "source", "stage", "reason")

UNLISTED = "no row lists this file"

# Longer values are not worth a line of a table, and an identity stays where it is.
_MAX_VALUE_LENGTH = 40
_PRIVATE = frozenset(("patient_id",))


@dataclass(frozen=True)
class Fault:
    """One thing wrong with one row.

    Attributes:
        row: index of the row.
        rule: the same text for every row with this fault.
        detail: what is special about this row; may be empty.
        stage: which stage saw it.
    """

    row: int
    rule: str
    detail: str
    stage: Literal["ingest", "validate"]

    @property
    def reason(self) -> str:
        """Rule and detail as one text."""
        return f"{self.rule} ({self.detail})" if self.detail else self.rule


def find_faults(
    rows: pd.DataFrame, repeats: pd.Index, results: Iterable[SuiteResult]
) -> list[Fault]:
    """Everything wrong with any row.

    Args:
        rows: a raw manifest; ``error`` tells which images could not be decoded.
        repeats: rows that say again what an earlier one says.
        results: of the suites over the rows.
    """
    errors = rows["error"].dropna()
    faults = [Fault(row, "image cannot be read", str(e), "ingest") for row, e in errors.items()]
    faults += [Fault(row, "row repeats an earlier one", "", "validate") for row in repeats]
    for result in results:
        for outcome in result.failures("quarantine"):
            faults += [
                Fault(row, outcome.params.reason, _offending_value(rows, row, outcome), "validate")
                for row in outcome.rows
            ]
    return faults


def build_quarantine(
    rows: pd.DataFrame, faults: Sequence[Fault], unlisted_files: Mapping[str, Sequence[str]]
) -> pd.DataFrame:
    """One row for each row with faults and each unlisted file: ``QUARANTINE_COLUMNS``.

    A row with several faults is there once, with all its reasons; the stage is the first that saw
    one.
    """
    table = pd.DataFrame(
        [(fault.row, fault.stage, fault.reason) for fault in faults],
        columns=["row", "stage", "reason"],
    )
    reasons = table.groupby("row").agg({"stage": "min", "reason": lambda texts: "; ".join(texts)})
    listed = rows[["image_id", "file", "label", "source"]].join(reasons, how="inner")
    files = [(source, file) for source, names in unlisted_files.items() for file in names]
    unlisted = pd.DataFrame(files, columns=["source", "file"], dtype=object).assign(
        image_id=None, label=None, stage="ingest", reason=UNLISTED
    )
    columns = list(QUARANTINE_COLUMNS)
    return pd.concat([listed[columns], unlisted[columns]], ignore_index=True).astype(object)


def count_reasons(faults: Iterable[Fault], unlisted: int) -> dict[str, int]:
    """How many rows each rule concerns, the most frequent first; a row may count for several."""
    rows_of: dict[str, set[int]] = {}
    for fault in faults:
        rows_of.setdefault(fault.rule, set()).add(fault.row)
    counts = {rule: len(rows) for rule, rows in rows_of.items()}
    if unlisted:
        counts[UNLISTED] = unlisted
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _offending_value(rows: pd.DataFrame, row: int, outcome: Outcome) -> str:
    if outcome.column not in rows.columns or outcome.column in _PRIVATE:
        return ""
    value = rows.at[row, outcome.column]
    if pd.isna(value):
        return ""
    text = format_value(value)
    return f"{outcome.column}: {text}" if len(text) <= _MAX_VALUE_LENGTH else ""
