"""A draft from a table beside a folder of images."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import pandas as pd

from dermaflow.data.drafting.column_words import NAMES, PLACEHOLDERS
from dermaflow.data.drafting.conf_text import show, show_some
from dermaflow.data.drafting.draft import Draft, Request, TableFacts, require_classes
from dermaflow.data.drafting.guess_classes import guess_classes
from dermaflow.data.drafting.guess_columns import (
    OTHERS,
    ColumnGuess,
    doubts_of_names,
    guess_all,
    guess_groups,
)
from dermaflow.data.drafting.guess_files import FileGuess, explain_no_files, guess_files
from dermaflow.data.drafting.guess_label import LabelGuess, guess_label
from dermaflow.data.drafting.picture_size import propose_size
from dermaflow.data.drafting.row_groups import find_row_groups
from dermaflow.data.drafting.whole_table import WholeTable, read_whole_table
from dermaflow.data.sources.image_folder import ImageFolder
from dermaflow.errors import SourceError
from dermaflow.io.untrusted_tables import plain_name, same_letters

_UNIQUE = 0.98  # share of the rows that an id of images tells apart; a few may be listed twice


def draft_table(request: Request, path: Path) -> Draft:
    """Look at a table and its images, and guess what its columns and words mean.

    Raises:
        SourceError: one of them is missing or cannot be read, or no column names the images or
            their diagnosis.
    """
    if not request.images.is_dir():
        raise SourceError(f"there is no folder {request.images} (see --images)")
    table = read_whole_table(path, "--table")
    _require_columns(request, table)
    folder = ImageFolder(request.images, "--images")
    names = folder.names()
    files = _find_files(request, table, names)
    cells = table.clean([*request.base.ingest.unknown, *PLACEHOLDERS])
    label, columns = _guess_columns(request, table, cells, files)
    taken = {files.column, *files.others, *label.columns, *(guess.column for guess in columns)}
    grouped = find_row_groups(cells, columns, files.files)
    classes = guess_classes(
        label.words[files.files.notna()],
        grouped.groups,
        request.base.labels,
        request.base.ingest.unknown,
        request.least("clean_classes", "groups"),
    )
    facts = TableFacts(
        table=table,
        columns=columns,
        files=files,
        label=label,
        doubts=[*grouped.questions, *doubts_of_names(cells, taken)],
        within_patient=grouped.within_patient,
        unknown=_find_placeholders(request, table, columns),
        unread=[column for column in cells if column not in taken],
    )
    require_classes(classes, f"column {show(label.columns[0])}")
    size = propose_size(folder.path, list(files.files.dropna()))
    return Draft(request, len(names), classes, size, facts)


def _guess_columns(
    request: Request, table: WholeTable, cells: pd.DataFrame, files: FileGuess
) -> tuple[LabelGuess, list[ColumnGuess]]:
    """Where the diagnosis is, and what other columns hold; each column holds one thing."""
    # A second column of files, say of overviews, is nothing else.
    taken = {files.column, *files.others}
    columns = guess_groups(cells, taken, request.columns)
    taken |= {guess.column for guess in columns}
    reserved = {name for meaning, name in request.columns.items() if meaning != "label"}
    label = guess_label(
        table, cells, taken | reserved, request.base.labels, request.columns.get("label")
    )
    taken |= set(label.columns)
    columns += guess_all(OTHERS, cells, taken, request.columns)
    taken |= {guess.column for guess in columns}
    return label, [_guess_image_id(request, cells, files, taken), *columns]


def _require_columns(request: Request, table: WholeTable) -> None:
    for meaning, column in request.columns.items():
        if column not in table.cells:
            raise SourceError(
                f"{table.path} has no column {show(column)} for {meaning} (see --column); its "
                f"columns: {show_some(list(table.cells), 20)}"
            )


def _find_files(request: Request, table: WholeTable, names: list[str]) -> FileGuess:
    chosen = request.columns.get("file")
    cells = table.clean(keep_invisible=True)
    searched = cells[[chosen]] if chosen else cells
    folder = request.in_conf(request.images)
    found = guess_files(searched, names, folder, request.base.ingest.mask_suffixes)
    if found is None:
        raise explain_no_files(searched, names, table.path, folder)
    return found


def _guess_image_id(
    request: Request, cells: pd.DataFrame, files: FileGuess, taken: Collection[str]
) -> ColumnGuess:
    """A column of that name whose values are each there once; else that of the files."""
    chosen = request.columns.get("image_id")
    named = [chosen] if chosen else [c for c in cells if c not in taken and _is_image_id(cells[c])]
    column = named[0] if named else files.column
    times = cells[column].value_counts()
    twice = times[times > 1]
    evidence = f"{len(times):,} values in {len(cells):,} rows"
    if not len(twice):
        return ColumnGuess("image_id", column, evidence)
    asked = (
        f"{show_some(list(twice.index))} name several rows: rows that differ in nothing else count "
        "once, others are all quarantined"
    )
    return ColumnGuess("image_id", column, evidence, questions=(asked,))


def _is_image_id(column: pd.Series) -> bool:
    named = NAMES["image_id"].fullmatch(plain_name(str(column.name)))
    return bool(named) and column.nunique() >= _UNIQUE * len(column)


def _find_placeholders(
    request: Request, table: WholeTable, columns: list[ColumnGuess]
) -> list[str]:
    known = {word.casefold() for word in request.base.ingest.unknown}
    found: dict[str, None] = {}
    for column in dict.fromkeys(guess.column for guess in columns):
        for text in table.cells[column].dropna().unique():
            word = same_letters(str(text).strip()).casefold()
            if word in PLACEHOLDERS and word not in known:
                found[word] = None
    return list(found)
