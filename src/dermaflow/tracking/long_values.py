"""Keys and values longer than MLflow keeps: cut there, and whole among the run's artifacts."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

KEY_LENGTH = 250
PARAMETER_LENGTH = 6000
TAG_LENGTH = 5000  # of servers older than the client, which keeps 8000
PARAMETERS_FILE = "parameters.json"
TAGS_FOLDER = "tags"
_DIGITS = 16  # of a digest, by which two values that begin alike can be told apart


def cut_parameters(leaves: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, str]]:
    """Parameters as MLflow keeps them.

    Args:
        leaves: name -> value.

    Returns:
        Name -> text, both short enough, and the artifact (path -> content) that holds all
        parameters whole; none where nothing was cut.
    """
    texts = {name: str(value) for name, value in leaves.items()}
    cut = {
        cut_key(name): _cut(text, PARAMETER_LENGTH, PARAMETERS_FILE) for name, text in texts.items()
    }
    if cut == texts:
        return cut, {}
    return cut, {PARAMETERS_FILE: json.dumps(leaves, indent=1, ensure_ascii=False, default=str)}


def cut_tags(tags: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Tags as MLflow keeps them.

    Returns:
        Name -> text, both short enough, and the artifacts (path -> content) that hold what was cut.
    """
    cut, whole = {}, {}
    for name, text in tags.items():
        key = cut_key(name)
        path = f"{TAGS_FOLDER}/{key.replace('/', '_')}.txt"
        cut[key] = _cut(text, TAG_LENGTH, path)
        if (key, cut[key]) != (name, text):
            whole[path] = f"{name}\n{text}" if key != name else text
    return cut, whole


def _cut(text: str, length: int, whole: str) -> str:
    if len(text) <= length:
        return text
    end = f"… [cut: {len(text)} characters, SHA-256 {_digest(text)}, whole in {whole}]"
    return text[: length - len(end)] + end


def cut_key(key: str) -> str:
    """A name as MLflow keeps it: one that is too long ends with its digest."""
    return key if len(key) <= KEY_LENGTH else f"{key[: KEY_LENGTH - _DIGITS - 1]}-{_digest(key)}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:_DIGITS]
