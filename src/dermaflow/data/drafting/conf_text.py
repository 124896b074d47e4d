"""Words of others, written so that Kedro's configuration loader reads them as they are."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Collection, Iterable

import yaml
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from dermaflow.errors import SourceError
from dermaflow.io.text import one_line

QUESTION = "QUESTION:"  # begins each comment that asks the user something

_WIDTH = 100
_SHOWN = 60  # characters of a word in a comment
# Words that need no quotes, unless YAML takes them for something else.
_PLAIN = re.compile(r"[^\W\d_](?:[\w ./-]*[\w.])?")
_NO_TEXT = frozenset(("y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf"))
_REFERENCE = re.compile(r"(\\*)\$\{")


def quote(text: str, *, is_key: bool = False) -> str:
    """A YAML scalar that OmegaConf, which Kedro reads YAML with, loads as this text.

    Args:
        text: anything; ``${x}`` stays literal, and so do ``yes``, ``1``, ``null`` and dates.
        is_key: whether it is to be a mapping's key, in which OmegaConf replaces nothing.

    Raises:
        SourceError: it is such as ``can_be_written`` tells.
    """
    if not (is_key or can_be_written(text)):
        raise SourceError(f"{show(text)} cannot be written in conf, because of its '${{'")
    if _PLAIN.fullmatch(text) and text.casefold() not in _NO_TEXT:
        return text
    # OmegaConf takes the backslashes before a reference for escapes, and others as they are.
    literal = text if is_key else _REFERENCE.sub(lambda found: f"{found[1] * 2}\\${{", text)
    written: str = yaml.safe_dump(
        literal, default_style='"', allow_unicode=True, width=float("inf")
    )
    return written.strip()


def can_be_written(text: str) -> bool:
    """Whether Kedro can load it: all but a reference that is not closed or empty, as in ``${a``.

    Kedro merges the base with what it has loaded, in which nothing is escaped any more.
    """
    try:
        OmegaConf.create({"text": text})
    except OmegaConfBaseException:
        return False
    return True


def quote_list(texts: Iterable[str]) -> str:
    """A YAML list on one line."""
    return f"[{', '.join(map(quote, texts))}]"


def comment(text: str, indent: int = 0, *, asks: bool = False) -> str:
    """A comment on lines of its own, with its line break at the end.

    Args:
        text: whatever is in it is made harmless.
        indent: blanks before it.
        asks: whether the user is to answer it.
    """
    blanks = " " * indent
    filled = textwrap.fill(
        one_line(f"{QUESTION} {text}" if asks else text),
        _WIDTH,
        initial_indent=f"{blanks}# ",
        subsequent_indent=f"{blanks}#   ",
        break_on_hyphens=False,
    )
    return f"{filled or f'{blanks}#'}\n"


def count(number: int, noun: str) -> str:
    """A number of things: ``1 row``, ``2,000 rows``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def show(word: object) -> str:
    """A word in a comment or on a terminal: short, on one line, in quotes."""
    return f"'{one_line(word, _SHOWN)}'"


def show_some(words: Collection[object], limit: int = 3) -> str:
    """Some words of many."""
    more = f" and {len(words) - limit:,} more" if len(words) > limit else ""
    return ", ".join(show(word) for word, _ in zip(words, range(limit), strict=False)) + more


def list_questions(text: str) -> list[tuple[int, str]]:
    """Line, from 1, and text of each question in a drafted file."""
    found: list[tuple[int, str]] = []
    goes_on = False
    for number, line in enumerate(text.splitlines(), 1):
        words = line.strip()
        if words.startswith(f"# {QUESTION} "):
            found.append((number, words.removeprefix(f"# {QUESTION} ")))
            goes_on = True
        elif goes_on and words.startswith("#   "):
            found[-1] = (found[-1][0], f"{found[-1][1]} {words.removeprefix('#   ').strip()}")
        else:
            goes_on = False
    return found
