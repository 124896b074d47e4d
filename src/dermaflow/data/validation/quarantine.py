"""Which rows are set aside, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from dermaflow.data.validation.suites import Outcome, SuiteResult, format_value

QUARANTINE_COLUMNS = ("image_id", "file", "label", "source", "stage", "reason")

REPEATED = "row repeats an earlier one"
LISTED_ELSEWHERE = "another source lists this image too"
UNLISTED = "no row lists this file"
PACKED = "an archive among the images is not looked into; unpack it"
LINKED = "a link to a folder is not followed; put the files in its place"
UNUSABLE_MASK = "mask cannot be used, and its image counts as one without"

_ARCHIVE_SUFFIXES = (".zip", ".tar", ".tgz", ".gz", ".bz2", ".xz", ".zst", ".7z", ".rar")

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
        return _join(self.rule, self.detail)


@dataclass(frozen=True)
class StrayFile:
    """A file that is in no row's place, and why.

    Attributes:
        rule, detail: as of ``Fault``.
        file: its name, where it is known.
        image_id: of the image that it belongs to, if any.
        source: that it is of.
    """

    rule: str
    detail: str = ""
    file: str | None = None
    image_id: str | None = None
    source: str | None = None

    @property
    def reason(self) -> str:
        """Rule and detail as one text."""
        return _join(self.rule, self.detail)


def find_strays(
    unlisted_files: Mapping[str, Sequence[str]],
    rows: pd.DataFrame,
    mask_index: pd.DataFrame | None,
) -> list[StrayFile]:
    """Files that no row lists, and masks that cannot be used.

    Args:
        unlisted_files: as each source tells them; a linked folder ends with ``/``.
        rows: a raw manifest.
        mask_index: of the mask store, with ``error``; None where there are no masks.
    """
    strays = [
        StrayFile(_explain_unlisted(file), file=file, source=source)
        for source, files in unlisted_files.items()
        for file in files
    ]
    if mask_index is not None and "error" in mask_index:
        failed = mask_index.dropna(subset="error")
        source_of = rows.drop_duplicates("image_id").set_index("image_id")["source"]
        strays += [
            StrayFile(UNUSABLE_MASK, row.error, image_id=row.image_id, source=source)
            for row, source in zip(
                failed.itertuples(), failed["image_id"].map(source_of), strict=True
            )
        ]
    return strays


def find_doubles(rows: pd.DataFrame) -> dict[str, pd.Index]:
    """Rows of a raw manifest of which an earlier one stays, by the rule that sets them aside."""
    first_source = rows.groupby("image_id")["source"].transform("first")
    elsewhere = rows["image_id"].notna() & (rows["source"] != first_source)
    repeats = rows.duplicated() & rows["image_id"].notna() & ~elsewhere
    return {REPEATED: rows.index[repeats], LISTED_ELSEWHERE: rows.index[elsewhere]}


def find_faults(
    rows: pd.DataFrame, doubles: Mapping[str, pd.Index], results: Iterable[SuiteResult]
) -> list[Fault]:
    """Everything wrong with any row.

    Args:
        rows: a raw manifest; ``error`` tells which images could not be decoded.
        doubles: see ``find_doubles``.
        results: of the suites over the rows.
    """
    errors = rows["error"].dropna()
    faults = [Fault(row, "image cannot be read", str(e), "ingest") for row, e in errors.items()]
    faults += [Fault(row, rule, "", "validate") for rule, found in doubles.items() for row in found]
    for result in results:
        for outcome in result.failures("quarantine"):
            faults += [
                Fault(row, outcome.params.reason, _offending_value(rows, row, outcome), "validate")
                for row in outcome.rows
            ]
    return faults


def unset_values(rows: pd.DataFrame, results: Iterable[SuiteResult]) -> pd.DataFrame:
    """The rows without the values that count as not known, since they break an expectation.

    Args:
        rows: a raw manifest; not changed.
        results: of the suites over the rows.
    """
    rows = rows.copy()
    for result in results:
        for outcome in result.failures("unset"):
            rows.loc[list(outcome.rows), outcome.column] = None
    return rows


def build_quarantine(
    rows: pd.DataFrame, faults: Sequence[Fault], strays: Sequence[StrayFile]
) -> pd.DataFrame:
    """One row for each row with faults and each stray file: ``QUARANTINE_COLUMNS``.

    A row with several faults is there once, with all its reasons; the stage is the first that saw
    one.
    """
    table = pd.DataFrame(
        [(fault.row, fault.stage, fault.reason) for fault in faults],
        columns=["row", "stage", "reason"],
    )
    reasons = table.groupby("row").agg({"stage": "min", "reason": lambda texts: "; ".join(texts)})
    listed = rows[["image_id", "file", "label", "source"]].join(reasons, how="inner")
    columns = list(QUARANTINE_COLUMNS)
    others = pd.DataFrame(
        [(s.image_id, s.file, None, s.source, "ingest", s.reason) for s in strays],
        columns=columns,
        dtype=object,
    )
    return pd.concat([listed[columns], others], ignore_index=True).astype(object)


def count_reasons(faults: Iterable[Fault], strays: Iterable[StrayFile]) -> dict[str, int]:
    """How many rows and files each rule concerns, the most frequent first.

    A row may count for several.
    """
    rows_of: dict[str, set[int]] = {}
    for fault in faults:
        rows_of.setdefault(fault.rule, set()).add(fault.row)
    counts = Counter({rule: len(rows) for rule, rows in rows_of.items()})
    counts.update(stray.rule for stray in strays)
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _join(rule: str, detail: str) -> str:
    return f"{rule} ({detail})" if detail else rule


def _explain_unlisted(file: str) -> str:
    if file.endswith("/"):
        return LINKED
    return PACKED if file.lower().endswith(_ARCHIVE_SUFFIXES) else UNLISTED


def _offending_value(rows: pd.DataFrame, row: int, outcome: Outcome) -> str:
    if outcome.column not in rows.columns or outcome.column in _PRIVATE:
        return ""
    value = rows.at[row, outcome.column]
    if pd.isna(value):
        return ""
    text = format_value(value)
    return f"{outcome.column}: {text}" if len(text) <= _MAX_VALUE_LENGTH else ""
