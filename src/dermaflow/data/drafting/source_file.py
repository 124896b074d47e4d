"""``parameters_ingest.yml`` of a draft: where images are, and what the table's columns mean."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import get_args

from dermaflow.data.drafting.column_words import PLACEHOLDERS
from dermaflow.data.drafting.conf_text import comment, count, quote, quote_list, show, show_some
from dermaflow.data.drafting.draft import Draft, TableFacts
from dermaflow.data.drafting.guess_columns import ColumnGuess
from dermaflow.data.drafting.whole_table import words_to_check
from dermaflow.params.sources import TableColumn, TranslatedColumn

# What columns that were not found would be good for.
_WORTH = {
    "patient_id": "keeps a patient's images on one side of the split",
    "lesion_id": "keeps a lesion's images on one side of the split",
    "age": "years; figures are told apart by it",
    "sex": "figures are told apart by it",
    "skin_tone": "figures are told apart by it, such as Fitzpatrick's I to VI",
    "localization": "where on the body; its drift is watched",
    "dx_type": "how the diagnosis was made: histo, follow_up, consensus, confocal or clinical",
    "image_type": "rows that are not `dermoscopic` are quarantined",
}
_LICENCE = (
    "whose are the images, and what may be done with them? It goes into the contract of every "
    "model that is made of them"
)


def render_source(draft: Draft) -> str:
    """The whole file."""
    source = draft.request.source
    facts = draft.facts
    lines = _table_lines(draft, facts) if facts else _folder_lines(draft)
    body = "".join(lines)
    text = (
        f"ingest:\n  train: {quote(source)}\n  sources:\n    {quote(source, is_key=True)}:\n{body}"
    )
    return text + (_unknown_words(draft, facts) if facts and facts.unknown else "")


def _folder_lines(draft: Draft) -> Iterator[str]:
    request = draft.request
    yield "      kind: folder\n"
    yield comment(f"{count(draft.images + draft.without_class, 'image')} in folders of classes", 6)
    if draft.strays:
        files = f"{count(len(draft.strays), 'file')} in none of them, to be quarantined: "
        yield comment(files + show_some(draft.strays), 6)
    yield from _place(draft, "folder", request.images)
    yield comment(
        "no file says which images show one lesion or one patient, so the test set may hold "
        "lesions that were trained on, and the figures are better than the truth: is there a table "
        "that says so (kind: table)?",
        6,
        asks=True,
    )
    yield comment(_LICENCE, 6, asks=True)
    yield "      licence: not stated\n"


def _table_lines(draft: Draft, facts: TableFacts) -> Iterator[str]:
    yield "      kind: table\n"
    cells = facts.table.cells
    yield comment(f"{count(len(cells), 'row')}; columns: {', '.join(map(show, cells))}", 6)
    yield from _place(draft, "table", facts.table.path)
    if facts.table.encoding:
        yield comment(
            f"the table is not UTF-8 but seems to be {facts.table.encoding}: are these words "
            f"right? {', '.join(map(show, words_to_check(facts.table)))}",
            6,
            asks=True,
        )
        yield f"      encoding: {facts.table.encoding}\n"
    yield from _image_lines(draft, facts)
    yield from _column_lines(facts)
    yield from _value_lines(facts)
    if facts.within_patient:
        yield comment(facts.within_patient, 6)
        yield "      lesions_within_patient: true\n"
    for doubt in facts.doubts:
        yield comment(doubt, 6, asks=True)
    if facts.unread:
        yield comment(f"Read by nothing: {', '.join(map(show, facts.unread))}", 6)
    if facts.table.unreadable:
        names = show_some(facts.table.unreadable)
        yield comment(f"Several times in the header, or of no use as they are: {names}", 6)
    yield comment(_LICENCE, 6, asks=True)
    yield "      licence: not stated\n"


def _place(draft: Draft, key: str, path: Path) -> Iterator[str]:
    written = draft.request.in_conf(path)
    if Path(written).is_absolute():
        yield comment("Outside the project: another machine needs the same path.", 6)
    yield f"      {key}: {quote(written)}\n"


def _image_lines(draft: Draft, facts: TableFacts) -> Iterator[str]:
    files = facts.files
    yield comment(count(draft.files, "file"), 6)
    yield from _place(draft, "images", draft.request.images)
    rows = int(files.files.isna().sum())
    if rows:
        named = f" ({show_some(files.missing)})" if files.missing else ""
        text = (
            f"{count(rows, 'row')} without an image{named}, to be quarantined: are files missing?"
        )
        yield comment(text, 6, asks=True)
    if files.unlisted:
        text = f"{count(len(files.unlisted), 'file')} in no row ({show_some(files.unlisted)})"
        yield comment(f"{text}, to be quarantined: are rows missing?", 6, asks=True)
    for column, number in files.others.items():
        text = (
            f"column {show(column)} names {count(number, 'other file')}, to be quarantined, for one"
        )
        text += f" image a row is read: is {show(files.column)} the column to train on?"
        yield comment(text, 6, asks=True)


def _column_lines(facts: TableFacts) -> Iterator[str]:
    yield "      columns:\n"
    told = {guess.meaning: guess for guess in facts.columns}
    evidence = facts.files.evidence
    told["file"] = ColumnGuess("file", facts.files.column, evidence)
    if not facts.label.is_one_hot:
        (column,), asked = facts.label.columns, tuple(facts.label.questions)
        told["label"] = ColumnGuess("label", column, "see parameters_labels.yml", questions=asked)
    for meaning in get_args(TableColumn):
        if meaning in told:
            for question in told[meaning].questions:
                yield comment(question, 8, asks=True)
            yield comment(told[meaning].evidence, 8)
            yield f"        {meaning}: {quote(told[meaning].column)}\n"
    for meaning, worth in _WORTH.items():
        if meaning not in told:
            yield comment(f"{meaning}: not found ({worth})", 8)
    if facts.label.is_one_hot:
        yield comment("In place of a label: a column for each class, of which one says 1.", 6)
        yield f"      label_columns: {quote_list(facts.label.columns)}\n"


def _value_lines(facts: TableFacts) -> Iterator[str]:
    translated = [guess for guess in facts.columns if guess.values]
    if not translated:
        return
    yield comment("The table's words -> those that the expectations of the base know.", 6)
    yield "      values:\n"
    for guess in translated:
        assert guess.meaning in get_args(TranslatedColumn)
        pairs = ", ".join(
            f"{quote(word, is_key=True)}: {quote(meaning)}"
            for word, meaning in guess.values.items()
        )
        yield f"        {guess.meaning}: {{{pairs}}}\n"


def _unknown_words(draft: Draft, facts: TableFacts) -> str:
    """The base's list with what was found, for a list in conf takes the place of the base's."""
    found = ", ".join(map(show, facts.unknown))
    words = [*draft.request.base.ingest.unknown, *facts.unknown]
    assert set(facts.unknown) <= PLACEHOLDERS
    return comment(f"The base's words for what is not known, and {found}", 2) + (
        f"  unknown: {quote_list(words)}\n"
    )
