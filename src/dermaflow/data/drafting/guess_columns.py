"""Which column of a table tells what, by its name and by what stands in it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field

import pandas as pd

from dermaflow.data.drafting import column_words as words
from dermaflow.data.drafting.conf_text import count, show, show_some
from dermaflow.data.sources.ids import GROUP_COLUMNS, without_decimals
from dermaflow.data.sources.source_records import read_age
from dermaflow.io.untrusted_tables import plain_name
from dermaflow.params.sources import TableColumn

_MOST = 0.5  # of the values must be what the column is taken for
_OLDEST = 120  # years, as the base expects
_ROWS_OF_A_GROUP = 50  # on average, beyond which a column numbers neither lesions nor patients


@dataclass(frozen=True)
class ColumnGuess:
    """What a column is taken for.

    Attributes:
        meaning: as the manifest calls it.
        column: its name in the table.
        evidence: why.
        values: the table's words -> the manifest's, where they differ.
        questions: what the user is to look at.
    """

    meaning: TableColumn
    column: str
    evidence: str
    values: Mapping[str, str] = field(default_factory=dict)
    questions: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Content:
    """What a column holds, as far as one meaning is concerned: the share that fits, and how."""

    share: float
    evidence: str
    values: Mapping[str, str] = field(default_factory=dict)
    questions: tuple[str, ...] = ()


def guess_groups(
    table: pd.DataFrame, taken: Collection[str], chosen: Mapping[TableColumn, str]
) -> list[ColumnGuess]:
    """The columns that number patients and lesions; see ``guess_all``."""
    patients = guess_all(("patient_id",), table, taken, chosen)
    used = {*taken, *(guess.column for guess in patients)}
    lesions = guess_all(("lesion_id",), table, used, chosen)
    if patients and not lesions:
        # They may be numbered anew for each patient: `1` of one is not `1` of another.
        names = [c for c in table if words.NAMES["lesion_id"].fullmatch(plain_name(c))]
        patient = table[patients[0].column].fillna("")
        seen = pd.DataFrame({name: patient + "/" + table[name] for name in names}, table.index)
        lesions = guess_all(("lesion_id",), seen, used, chosen)
    return patients + lesions


def guess_all(
    meanings: Iterable[TableColumn],
    table: pd.DataFrame,
    taken: Collection[str],
    chosen: Mapping[TableColumn, str],
) -> list[ColumnGuess]:
    """The columns that hold what ``meanings`` say, as far as there are any.

    Args:
        meanings: ``OTHERS``, or one of those that ``guess_groups`` looks for.
        table: clean text or missing; a column of the table each.
        taken: columns that hold something else.
        chosen: what the user says.
    """
    found: list[ColumnGuess] = []
    for meaning in meanings:
        if meaning in chosen:
            column = table[chosen[meaning]]
            empty = _Content(0.0, "no value", questions=("it holds nothing: is it the right one?",))
            content = _LOOKS[meaning](column) if column.notna().any() else empty
            found.append(_as_guess(meaning, chosen[meaning], content))
            continue
        used = {*taken, *chosen.values(), *(guess.column for guess in found)}
        guess = guess_column(meaning, table, used)
        found += [guess] if guess else []
    return found


def guess_column(
    meaning: TableColumn, table: pd.DataFrame, taken: Collection[str]
) -> ColumnGuess | None:
    """The column that seems to hold what ``meaning`` says; None where none does.

    Args:
        meaning, table, taken: as of ``guess_all``.
    """
    look = _LOOKS[meaning]
    free = [column for column in table if column not in taken and table[column].notna().any()]
    named = [column for column in free if words.NAMES[meaning].fullmatch(plain_name(column))]
    found = {column: look(table[column]) for column in named}
    fitting = {column: content for column, content in found.items() if content.share >= _MOST}
    if fitting:
        column = max(fitting, key=lambda name: fitting[name].share)
        others = [name for name in fitting if name != column]
        asked = f"{show_some(others)} may be {meaning} as well: which is it?"
        return _as_guess(meaning, column, fitting[column], *([asked] if others else []))
    if meaning in _TOLD_BY_CONTENT:
        for column in free:
            content = look(table[column])
            if content.share == 1 and table[column].nunique() > 1:
                asked = f"{meaning} is guessed by the column's words alone: is that what they mean?"
                return _as_guess(meaning, column, content, asked)
    return None


def _as_guess(meaning: TableColumn, column: str, content: _Content, *asked: str) -> ColumnGuess:
    questions = (*content.questions, *asked)
    return ColumnGuess(meaning, column, content.evidence, content.values, questions)


def doubts_of_names(table: pd.DataFrame, taken: Collection[str]) -> list[str]:
    """Questions about columns that are called like something, and were taken for nothing."""
    questions = []
    for column in table:
        if column in taken or not table[column].notna().any():
            continue
        plain = plain_name(column)
        for meaning, pattern in words.NAMES.items():
            if meaning in _LOOKS and pattern.fullmatch(plain):
                questions.append(
                    f"column {show(column)} is called like {meaning}, but holds "
                    f"{show_some(table[column].dropna().unique())}: is it {meaning}?"
                )
                break
        values = table[column].nunique()
        if words.DOUBTFUL_GROUP.fullmatch(plain) and values < len(table):
            questions.append(
                f"column {show(column)} has {values:,} values in {len(table):,} rows: do they "
                "number patients or lesions? Then say so (patient_id or lesion_id)"
            )
    return questions


def _look_at_ids(column: pd.Series) -> _Content:
    sizes = column.value_counts()
    text = f"{len(sizes):,} values, the most frequent in {count(int(sizes.iloc[0]), 'row')}"
    missing = int(column.isna().sum())
    questions: tuple[str, ...] = ()
    if missing:
        text += f", {missing:,} rows without"
    if len(sizes) == 1 < len(column):
        questions = ("it is the same in all rows, so that all images are one group: is that so?",)
    numbers = len(sizes) * _ROWS_OF_A_GROUP >= len(column)
    return _Content(1.0 if numbers else 0.0, text, questions=questions)


def _look_at_ages(column: pd.Series) -> _Content:
    written = column.dropna()
    ages = written.map(read_age).astype("float64")
    fits = ages.between(0, _OLDEST)
    text = f"{int(fits.sum()):,} of {len(written):,} values are ages from 0 to {_OLDEST}"
    wrong = written[~fits].unique()
    if len(wrong):
        text += f", not {show_some(wrong)}"
    return _Content(fits.mean(), text)


def _look_for(meanings: words.Meanings) -> Callable[[pd.Series], _Content]:
    """Look for words that have a meaning; a word that has none is a question."""
    known = words.meanings_of(meanings)

    def look(column: pd.Series) -> _Content:
        counts = without_decimals(column).value_counts()
        told = {str(word): known.get(str(word).casefold()) for word in counts.index}
        # Words in another case need no translation.
        values = {w: known for w, known in told.items() if known and known != w.casefold()}
        unknown = [word for word, meaning in told.items() if meaning is None]
        questions: tuple[str, ...] = ()
        if unknown:
            rows = int(counts[unknown].sum())
            questions = (
                f"{show_some(unknown)} ({rows:,} rows) must become one of "
                f"{', '.join(meanings)}, or they count as not known",
            )
        share = counts[[word for word in counts.index if word not in unknown]].sum()
        text = f"words: {_count_words(counts)}"
        return _Content(share / counts.sum(), text, values, questions)

    return look


def _look_at_methods(column: pd.Series) -> _Content:
    """How a diagnosis was made; a column may also say by yes and no whether there was a biopsy."""
    counts = without_decimals(column).value_counts()
    spoken = {str(word): str(word).casefold() for word in counts.index}
    if set(spoken.values()) <= words.YES | words.NO:
        values = {word: "histo" if low in words.YES else "clinical" for word, low in spoken.items()}
        no = [word for word, meaning in values.items() if meaning == "clinical"]
        asked = (f"was {show_some(no)} diagnosed clinically, without a biopsy?",) if no else ()
        return _Content(1.0, f"words: {_count_words(counts)}", values, asked)
    return _look_for(words.DX_TYPE)(column)


def _look_at_sites(column: pd.Series) -> _Content:
    """Any words will do under that name; without it they must be known."""
    counts = column.value_counts()
    known = [word for word in counts.index if words.SITE.search(str(word))]
    share = counts[known].sum() / counts.sum()
    return _Content(share if share > _MOST else _MOST, f"words: {_count_words(counts)}")


def _look_at_tones(column: pd.Series) -> _Content:
    plain = without_decimals(column)
    counts = plain.value_counts()
    fits = [word for word in counts.index if words.SKIN_TONE.fullmatch(str(word))]
    # Numbers that a spreadsheet or pandas wrote with a decimal point stay so unless they are named.
    values = {} if plain.equals(column) else {str(word): str(word) for word in fits}
    return _Content(counts[fits].sum() / counts.sum(), f"words: {_count_words(counts)}", values)


def _look_at_anything(column: pd.Series) -> _Content:
    return _Content(1.0, f"words: {_count_words(column.value_counts())}")


def _count_words(counts: pd.Series, limit: int = 6) -> str:
    shown = ", ".join(f"{show(word)} {times:,}" for word, times in counts.head(limit).items())
    return shown + (f" and {len(counts) - limit:,} more" if len(counts) > limit else "")


_LOOKS: dict[TableColumn, Callable[[pd.Series], _Content]] = {
    "patient_id": _look_at_ids,
    "lesion_id": _look_at_ids,
    "age": _look_at_ages,
    "sex": _look_for(words.SEX),
    "localization": _look_at_sites,
    "dx_type": _look_at_methods,
    "image_type": _look_for(words.IMAGE_TYPE),
    "skin_tone": _look_at_tones,
    "licence": _look_at_anything,
}
_TOLD_BY_CONTENT: frozenset[TableColumn] = frozenset(("sex", "localization", "dx_type"))
OTHERS: tuple[TableColumn, ...] = tuple(name for name in _LOOKS if name not in GROUP_COLUMNS)
