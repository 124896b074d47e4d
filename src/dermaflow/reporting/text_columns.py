"""Columns of text for a terminal."""

from __future__ import annotations

from collections.abc import Sequence


def align(rows: Sequence[Sequence[str]], indent: int = 2) -> str:
    """Rows of equally many cells as lines whose columns begin one below the other.

    Line breaks and control characters, which a terminal would obey, become spaces.
    """
    clean = [[_printable(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*clean, strict=True)]
    lines = (
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in clean
    )
    return "\n".join(" " * indent + line for line in lines)


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in text)
