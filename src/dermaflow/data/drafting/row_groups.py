"""Which rows belong together, as far as a table tells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from dermaflow.data.drafting.conf_text import count, show_some
from dermaflow.data.drafting.guess_columns import ColumnGuess
from dermaflow.data.sources.ids import ID_COLUMNS, settle_lesions, without_decimals
from dermaflow.data.validation.split import find_groups
from dermaflow.params.sources import Source

_MOST = 0.5  # of the lesions' ids are of several patients


@dataclass(frozen=True)
class RowGroups:
    """Groups of rows, as the split will keep them together.

    Attributes:
        groups: of the rows that have an image; missing where a row tells nothing.
        within_patient: why lesions seem to be numbered anew for each patient; None if they do not.
        questions: for the user.
    """

    groups: pd.Series
    within_patient: str | None
    questions: list[str]


def find_row_groups(
    cells: pd.DataFrame, columns: Sequence[ColumnGuess], files: pd.Series
) -> RowGroups:
    """Group rows by the columns of lesions and patients.

    Args:
        cells: clean text or missing.
        columns: what they hold; of images one must tell the id.
        files: of each row; missing where there is none.
    """
    told = {
        g.meaning: without_decimals(cells[g.column]) for g in columns if g.meaning in ID_COLUMNS
    }
    rows = pd.DataFrame(None, cells.index, list(ID_COLUMNS), dtype=object).assign(**told)
    evidence, questions = _look_at_numbering(rows)
    settled = settle_lesions(rows, Source(lesions_within_patient=evidence is not None))
    if len(told) == 1:
        questions.append(
            "no column says which images show one lesion or one patient, so the test set may hold "
            "lesions that were trained on, and the figures are better than the truth: is there "
            "such a column?"
        )
    nothing = settled["lesion_id"].isna() & settled["patient_id"].isna()
    if nothing.any():
        questions.append(
            f"{count(int(nothing.sum()), 'row')} without lesion and patient, to be quarantined: "
            "can the ids be filled in?"
        )
    usable = settled[files.notna() & ~nothing]
    groups = find_groups(usable.assign(sha256=None))
    return RowGroups(groups.reindex(cells.index[files.notna()]), evidence, questions)


def _look_at_numbering(rows: pd.DataFrame) -> tuple[str | None, list[str]]:
    """Whether `1` of one patient is another lesion than `1` of the next."""
    pairs = rows[["lesion_id", "patient_id"]].dropna().drop_duplicates()
    patients = pairs.groupby("lesion_id")["patient_id"].nunique()
    shared = patients[patients > 1]
    if not len(shared):
        return None, []
    text = f"{len(shared):,} of {len(patients):,} lesion ids are of several patients"
    if len(shared) > _MOST * len(patients):
        return text, []
    return None, [
        f"{text}, such as {show_some(list(shared.index))}: is an id wrong, or are lesions numbered "
        "anew for each patient (lesions_within_patient: true)?"
    ]
