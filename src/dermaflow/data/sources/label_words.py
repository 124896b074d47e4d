"""From a source's words to class codes."""

from __future__ import annotations

import pandas as pd

from dermaflow.io.untrusted_tables import same_letters
from dermaflow.params.labels import LabelParams


def translate_labels(words: pd.Series, labels: LabelParams) -> pd.Series:
    """Codes of the scheme in use; a word that it does not know stays as it is, or missing."""
    scheme = labels.schemes[labels.scheme]
    code_of = {_plain(word): code for code, own in scheme.items() for word in (code, *own)}
    return words.map(lambda word: code_of.get(_plain(word), word), na_action="ignore")


def _plain(word: str) -> str:
    """As words are compared: whatever their case, and however their letters are composed."""
    return same_letters(word.strip()).casefold()
