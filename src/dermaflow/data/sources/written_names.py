"""From how the rows of a table write files to their names on disk."""

from __future__ import annotations

import logging
import posixpath
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

import pandas as pd

from dermaflow.data.sources.image_folder import by_stem
from dermaflow.io.text import one_line
from dermaflow.io.untrusted_tables import same_letters

logger = logging.getLogger(__name__)


def find_names(column: pd.Series, names: Sequence[str], folders: Sequence[str]) -> pd.Series:
    """Put the name on disk in place of how a row writes it; what is not found stays as it is.

    A name in another case is that of a file, if it is that of one file alone. One that is written
    without any folder may lie in one, if no other file has it. Where not one row is found, the
    folders that are common to all names, as written and on disk, are not compared: the table is of
    another machine, or of another level of the tree.

    Args:
        column: as written: with or without suffix, with backslashes, or with a folder before it.
        names: on disk.
        folders: that may stand before.

    Raises:
        SourceError: a name is written without suffix, and two files have it.
    """
    cleaned = {written: _clean(written, folders) for written in column.dropna().unique()}
    found = _match(cleaned, {same_letters(name): name for name in names})
    flat = {written: name for written, name in cleaned.items() if "/" not in name}
    found = _match(flat, _unique_by(posixpath.basename, names)) | found
    if cleaned and not found:
        found = _match_relocated(cleaned, names)
    # A function, since pandas would make a column of the mapping, and some names are no text.
    return column.map(lambda written: found.get(written, written), na_action="ignore")


def _clean(written: str, folders: Sequence[str]) -> str:
    name = written.replace("\\", "/")
    for folder in folders:
        name = name.removeprefix(folder)
    return posixpath.normpath(name)


def _match(wanted: Mapping[str, str], known: Mapping[str, str]) -> dict[str, str]:
    """Written -> on disk, of those that are known with suffix, without it or in another case."""
    stems = by_stem(known, set(wanted.values()))
    names = {stem: known[name] for stem, name in stems.items()} | dict(known)
    folded = Counter(name.casefold() for name in names)
    by_case = {n.casefold(): name for n, name in names.items() if folded[n.casefold()] == 1}
    found = {
        written: names.get(name) or by_case.get(name.casefold()) for written, name in wanted.items()
    }
    return {written: name for written, name in found.items() if name}


def _unique_by(shorten: Callable[[str], str], names: Iterable[str]) -> dict[str, str]:
    """Names by a shorter form of theirs, where that is of one alone."""
    short = [(shorten(same_letters(name)), name) for name in names]
    counts = Counter(form for form, _ in short)
    return {form: name for form, name in short if counts[form] == 1}


def _match_relocated(wanted: Mapping[str, str], names: Sequence[str]) -> dict[str, str]:
    """As ``_match``, with neither the folders common to all wanted names nor those to all on disk.

    A table of another machine begins all its names with folders that are not here, and one of
    another level of the tree lacks folders that are.
    """
    written, there = _common_folder(wanted.values()), _common_folder(names)
    if not (written or there):
        return {}
    shortened = {key: name.removeprefix(written) for key, name in wanted.items()}
    known = {same_letters(name).removeprefix(same_letters(there)): name for name in names}
    found = _match(shortened, known)
    if found:
        logger.warning(
            "The table writes its files below '%s', where none is; they are taken to be those "
            "below '%s'",
            one_line(written, 80),
            one_line(there, 80),
        )
    return found


def _common_folder(names: Iterable[str]) -> str:
    """Folders that all names begin with, with a slash behind; empty where there is none."""
    folders = [posixpath.dirname(name).split("/") for name in names]
    common = []
    for parts in zip(*folders, strict=False):
        if len(set(parts)) > 1 or ".." in parts:
            break
        common.append(parts[0])
    return f"{'/'.join(common)}/" if any(common) else ""
