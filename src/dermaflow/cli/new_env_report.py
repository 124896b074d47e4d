"""What ``kedro new-env`` tells on the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from dermaflow.data.drafting.conf_text import list_questions, show_some
from dermaflow.data.drafting.draft import Draft, TableFacts
from dermaflow.io.text import one_line
from dermaflow.reporting.style import class_name
from dermaflow.reporting.text_columns import align

_WORDS = 40  # of the label that are listed
_CHARACTERS = 160  # of a question


def summarise(draft: Draft, files: Mapping[str, str]) -> str:
    """Columns, images, words and questions, and what to run next."""
    return "\n".join(_sections(draft, files))


def _sections(draft: Draft, files: Mapping[str, str]) -> Iterator[str]:
    name = draft.request.name
    if draft.facts:
        yield f"Columns of {one_line(draft.request.in_conf(draft.facts.table.path))}"
        yield align(_list_columns(draft.facts))
    yield "\nImages"
    yield align(_list_images(draft))
    yield f"\nWords of {_label(draft.facts)}" if draft.facts else "\nFolders"
    yield align(_list_words(draft))
    asked = [
        (f"conf/{name}/{file}:{line}", one_line(text, _CHARACTERS))
        for file, content in files.items()
        for line, text in list_questions(content)
    ]
    yield f"\n{len(asked)} questions, each beside the line that it is about"
    yield align(asked)
    yield f"\nWrote {len(files)} files to conf/{name}. Next:"
    yield f"  kedro run --env {name} --pipelines ingest,validate"


def _list_columns(facts: TableFacts) -> list[tuple[str, str, str]]:
    rows = [
        ("file", facts.files.column, facts.files.evidence),
        ("label", _label(facts), "see below"),
    ]
    rows += [(guess.meaning, guess.column, guess.evidence) for guess in facts.columns]
    if facts.unread:
        rows.append(("read by nothing", f"{len(facts.unread)} columns", show_some(facts.unread, 6)))
    return [(meaning, one_line(column, 30), one_line(why, 90)) for meaning, column, why in rows]


def _label(facts: TableFacts) -> str:
    column, *more = facts.label.columns
    return one_line(f"{column}, …, {more[-1]}" if more else column)


def _list_images(draft: Draft) -> list[tuple[str, str]]:
    if draft.facts is None:
        rows = [(f"{draft.images + draft.without_class:,}", "images in folders of classes")]
        strays = f"files in no folder of a class {show_some(draft.strays)}"
        return rows + ([(f"{len(draft.strays):,}", strays)] if draft.strays else [])
    files = draft.facts.files
    without = len(files.files) - files.matched
    return [
        (f"{files.matched:,}", "rows with their image"),
        (f"{without:,}", f"rows without an image {show_some(files.missing)}".rstrip()),
        (f"{len(files.unlisted):,}", f"files in no row {show_some(files.unlisted)}".rstrip()),
    ]


def _list_words(draft: Draft) -> list[tuple[str, str, str]]:
    guess = draft.classes
    rows = [
        (word, f"{count:,}", f"{code}  {class_name(code)}" if class_name(code) != code else code)
        for code, drafted in guess.classes.items()
        for word, count in drafted.words.items()
    ]
    for code, drafted in guess.small.items():
        told = f"quarantined: {code} has too few images"
        rows += [(word, f"{count:,}", told) for word, count in drafted.words.items()]
    rows += [(word, f"{count:,}", "quarantined: no class") for word, count in guess.unknown.items()]
    said = "quarantined: says that nothing is known"
    rows += [(word, f"{count:,}", said) for word, count in guess.placeholders.items()]
    shown = [(one_line(word, 40), count, told) for word, count, told in rows[:_WORDS]]
    more = len(rows) - _WORDS
    return shown + ([("…", f"{more:,}", "more words")] if more > 0 else [])
