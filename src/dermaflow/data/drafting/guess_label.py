"""Which column of a table, or which columns, hold the diagnosis."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import pandas as pd

from dermaflow.data.drafting.column_words import NAMES, NO, YES
from dermaflow.data.drafting.conf_text import show_some
from dermaflow.data.drafting.guess_classes import known_codes
from dermaflow.data.drafting.whole_table import WholeTable
from dermaflow.data.sources.one_hot import read_one_hot
from dermaflow.errors import SourceError
from dermaflow.io.untrusted_tables import UTF_8, clean_text, plain_name
from dermaflow.params.labels import LabelParams

_MOST_WORDS = 100  # of a column of diagnoses
_ROWS_A_WORD = 2  # on average, at least, or the column numbers something
_NAMED = 2.0  # what a column's name counts beside the share of its rows whose words are known
_LEAST = 0.5
_FEWEST_CLASSES = 3  # with a column each: two may say anything


@dataclass(frozen=True)
class LabelGuess:
    """Where the diagnosis is.

    Attributes:
        columns: one with words, or one for each class.
        words: of each row; missing where there is none.
        questions: for the user.
    """

    columns: list[str]
    words: pd.Series
    questions: list[str]

    @property
    def is_one_hot(self) -> bool:
        """Whether each class has a column of its own."""
        return len(self.columns) > 1


def guess_label(
    table: WholeTable,
    cells: pd.DataFrame,
    taken: Collection[str],
    labels: LabelParams,
    chosen: str | None,
) -> LabelGuess:
    """The column of the diagnosis, or those of the classes.

    Args:
        table: as it was read.
        cells: of it, clean text or missing.
        taken: columns that hold something else.
        labels: the base's schemes, whose words are looked for.
        chosen: the column that the user names.

    Raises:
        SourceError: no column is likely.
    """
    free = [column for column in cells if column not in taken]
    scores = {column: _score(cells[column], labels) for column in free}
    likely = sorted((c for c in scores if scores[c] >= _LEAST), key=lambda c: -scores[c])
    if chosen or likely:
        column, *others = [chosen] if chosen else likely
        asked = [f"{show_some(others)} may be the diagnosis, too: which is?"] if others else []
        # Words for nothing are words of the label like others.
        return LabelGuess([column], clean_text(table.cells[column]), asked)
    codes = known_codes(free, labels)
    classes = [column for column in codes if _says_yes_or_no(cells[column])]
    if len(classes) >= _FEWEST_CLASSES:
        words = read_one_hot(table.path, classes, "--table", table.encoding or UTF_8)
        return LabelGuess(classes, words, [])
    raise SourceError(
        f"no column of {table.path} looks like a diagnosis, in its name or in its words; name it: "
        "--column label=NAME"
    )


def _says_yes_or_no(column: pd.Series) -> bool:
    words = set(column.dropna().str.casefold())
    return bool(words) and words <= YES | NO


def _score(column: pd.Series, labels: LabelParams) -> float:
    counts = column.value_counts()
    if not 2 <= len(counts) <= min(_MOST_WORDS, max(column.notna().sum() / _ROWS_A_WORD, 2)):
        return 0
    named = NAMES["label"].fullmatch(plain_name(str(column.name))) is not None
    words = list(map(str, counts.index))
    codes = known_codes(words, labels)
    share = sum(int(counts[word]) for word in codes) / int(counts.sum())
    # Finer words say more: `melanoma in situ` more than `malignant`.
    return _NAMED * named + share + len(set(codes.values())) / 100
