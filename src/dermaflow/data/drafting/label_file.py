"""``parameters_labels.yml`` of a draft: which words mean which class."""

from __future__ import annotations

from collections.abc import Iterator

from dermaflow.data.drafting.conf_text import (
    comment,
    count,
    quote,
    quote_list,
    show,
    show_some,
)
from dermaflow.data.drafting.draft import Draft
from dermaflow.data.drafting.guess_classes import DraftedClass
from dermaflow.schema import CLASS_NAMES


def render_labels(draft: Draft) -> str:
    """The whole file."""
    source = draft.request.source
    head = f"labels:\n  scheme: {quote(source)}\n  schemes:\n    {quote(source, is_key=True)}:\n"
    return head + "".join(_lines(draft))


def _lines(draft: Draft) -> Iterator[str]:
    least = draft.request.least("clean_classes", "groups")
    guess = draft.classes
    yield comment("In the order of the model's outputs: code, and the table's words for it.", 6)
    for code, drafted in guess.classes.items():
        yield comment(f"{_name(code, drafted)}: {_count(drafted)}", 6)
        yield from _ask_about_hints(code, drafted)
        if drafted.groups < least:
            yield comment(
                f"validate stops below {least} groups: are there more images?", 6, asks=True
            )
        yield f"      {_entry(code, drafted)}\n"
    for code, drafted in guess.small.items():
        text = f"{_count(drafted)} are too few for a class of its own, which needs {least} groups"
        yield comment(
            f"{text}: put the words to another class? As it is, the images are quarantined",
            6,
            asks=True,
        )
        yield f"      # {_entry(code, drafted)}\n"
    for word, rows in guess.unknown.items():
        text = f"what is {show(word)} ({count(rows, 'image')})? Put it to a class, or give it a new"
        yield comment(f"{text} one; as it is, the images are quarantined", 6, asks=True)
    for word, rows in guess.placeholders.items():
        yield comment(f"{show(word)} ({count(rows, 'image')}) says nothing, and is quarantined", 6)
    if draft.without_class > _allowed(draft):
        text = f"{draft.without_class:,} images have no class, so that validate may stop"
        yield comment(f"{text}: which of the words above belong to one?", 6, asks=True)


def _name(code: str, drafted: DraftedClass) -> str:
    return CLASS_NAMES.get(code) or show(next(iter(drafted.words)))


def _count(drafted: DraftedClass) -> str:
    return f"{count(drafted.rows, 'image')} in {count(drafted.groups, 'group')}"


def _ask_about_hints(code: str, drafted: DraftedClass) -> Iterator[str]:
    if drafted.hinted:
        text = f"taken for {_name(code, drafted)} by a part of the word, is each of them?"
        yield comment(f"{text} {show_some(drafted.hinted, 12)}", 6, asks=True)


def _entry(code: str, drafted: DraftedClass) -> str:
    return f"{quote(code, is_key=True)}: {quote_list(drafted.words)}"


def _allowed(draft: Draft) -> float:
    """Images that may be quarantined before the base's expectations stop the run."""
    for expectation in draft.request.base.validate_.expectations.get("clean_set", []):
        if expectation.kwargs.get("column") == "quarantined_share":
            share = float(expectation.kwargs["max_value"])
            return share * (draft.images + draft.without_class)
    return float("inf")
