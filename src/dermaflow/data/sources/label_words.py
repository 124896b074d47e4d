"""From a source's words to class codes."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence

import pandas as pd

from dermaflow.io.text import one_line
from dermaflow.io.untrusted_tables import same_letters
from dermaflow.params.labels import LabelParams

logger = logging.getLogger(__name__)

_SHOWN = 8  # words that a warning names
_WORDS = re.compile(r"\w+")


def translate_labels(words: pd.Series, labels: LabelParams) -> pd.Series:
    """Codes of the scheme in use; a word that it does not know stays as it is, or missing."""
    scheme = labels.schemes[labels.scheme]
    code_of = {_plain(word): code for code, own in scheme.items() for word in (code, *own)}
    return words.map(lambda word: code_of.get(_plain(word), word), na_action="ignore")


def warn_of_unknown_words(records: pd.DataFrame, labels: LabelParams) -> None:
    """Name words that the scheme in use does not know, and of which class they look to be.

    Their rows are quarantined: with an archive's own word for a kind of melanoma, half of the
    melanomas may go, and what is left looks sound.

    Args:
        records: with ``source`` and ``label``, translated.
        labels: the schemes.
    """
    scheme = labels.schemes[labels.scheme]
    for source, rows in records.dropna(subset="label").groupby("source", sort=False):
        counts = rows["label"].value_counts()
        unknown = counts[~counts.index.isin(scheme)]
        if unknown.empty:
            continue
        told = []
        for word, count in unknown.head(_SHOWN).items():
            code = _alike(str(word), scheme)
            alike = f", like {code}, of which {counts.get(code, 0)} are known" if code else ""
            told.append(f"'{one_line(word, 60)}' {count}{alike}")
        logger.warning(
            "%s: %d of %d rows have a diagnosis that the scheme %s does not know, and cannot be "
            "used: %s%s. A word that means a class is to stand with it (parameters_labels.yml)",
            source,
            unknown.sum(),
            len(rows),
            labels.scheme,
            "; ".join(told),
            f" and {len(unknown) - _SHOWN} other words" if len(unknown) > _SHOWN else "",
        )


def _alike(word: str, scheme: Mapping[str, Sequence[str]]) -> str | None:
    """The class of which a word occurs in this one; of several the one with the longest word."""
    text = f" {' '.join(_WORDS.findall(_plain(word)))} "
    # `Melanoma, NOS` is found in `Melanoma in situ` by what stands before its comma.
    known = {
        " ".join(_WORDS.findall(_plain(own.partition(",")[0]))): code
        for code, words in scheme.items()
        for own in words
    }
    inside = [own for own in known if len(own) > 2 and f" {own} " in text]
    return known[max(inside, key=len)] if inside else None


def _plain(word: str) -> str:
    """As words are compared: whatever their case, and however their letters are composed."""
    return same_letters(word.strip()).casefold()
