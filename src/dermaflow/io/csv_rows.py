"""Rows of a CSV that somebody else wrote: which separator it has, and what its rows hold."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TextIO

from dermaflow.errors import SourceError

_SEPARATORS = ",;\t"
_DECLARED = re.compile(rf'"?sep=([{_SEPARATORS}])"?')  # a line of Excel's, before the header


def find_separator(file: TextIO) -> tuple[str, int]:
    """The separator, and how many lines come before the table; ``file`` stands there then.

    It is the one that gives the header the most cells; of several that give it more than one, one
    that gives the next row as many goes first. Names in quotes may hold the others.
    """
    file.seek(0)
    for number, line in enumerate(iter(file.readline, ""), 1):
        declared = _DECLARED.fullmatch(line.strip(" \r\n"))
        if declared:
            return declared[1], number
        if line.strip():
            break
    found = max(_SEPARATORS, key=lambda separator: _fit(file, separator))
    file.seek(0)
    return found, 0


def _fit(file: TextIO, separator: str) -> tuple[bool, int]:
    """Whether header and next row have equally many cells, above one, and how many it has."""
    file.seek(0)
    counts = []
    try:
        for _, row in islice(csv_rows(file, separator, 0), 2):
            counts.append(len(row))
    except csv.Error:  # with the right one, too, in a broken table; it is told when it is read
        pass
    header, *following = counts or [0]
    return header > 1 and following == [header], header


def csv_rows(file: TextIO, separator: str, before: int) -> Iterator[tuple[int, list[str]]]:
    """Line and cells of each row that is not blank.

    Args:
        file: stands where the table begins.
        separator: between cells.
        before: lines of the file before the table.

    Raises:
        csv.Error: a row cannot be parsed; the text names its line.
    """
    reader = csv.reader(file, delimiter=separator, strict=True)
    while True:
        line = before + reader.line_num + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise csv.Error(f"the row from line {line} on: {error}") from error
        if len(row) > 1 or any(cell.strip() for cell in row):
            yield line, row


def refuse_misfit(path: Path, line: int, row: Sequence[str], header: Sequence[str]) -> None:
    """Refuse cells beyond the header: an earlier one was cut in two, and all are in doubt.

    Raises:
        SourceError: there are some.
    """
    if len(row) > len(header) and any(cell.strip() for cell in row[len(header) :]):
        raise SourceError(
            f"{path}, line {line}: {len(row)} cells, but {len(header)} columns; put cells that "
            "hold the separator in quotes"
        )
