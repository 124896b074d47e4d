"""Which column of a table names the files of a folder."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from dermaflow.data.drafting import column_words as words
from dermaflow.data.drafting.conf_text import show, show_some
from dermaflow.data.sources.image_source import speakable
from dermaflow.data.sources.mask_files import find_masks
from dermaflow.data.sources.written_names import find_names
from dermaflow.errors import SourceError
from dermaflow.io.untrusted_tables import plain_name, same_letters

_TRIED = 200  # values of a column that are looked up before all of them are
_ENOUGH = 0.02  # of these must be found


@dataclass(frozen=True)
class FileGuess:
    """The column that names images, and what becomes of rows and files.

    Attributes:
        column: its name in the table.
        files: of each row the file on disk; missing where there is none.
        written: of each row what the table says.
        unlisted: files that no row names in any column.
        others: columns that name other files, and how many.
    """

    column: str
    files: pd.Series
    written: pd.Series
    unlisted: list[str]
    others: dict[str, int]

    @property
    def matched(self) -> int:
        """Rows whose file is there."""
        return int(self.files.notna().sum())

    @property
    def evidence(self) -> str:
        """Why this column."""
        return f"{self.matched:,} of {len(self.files):,} rows name a file of the folder"

    @property
    def missing(self) -> list[str]:
        """What rows without a file say."""
        return [str(text) for text in self.written[self.files.isna()].dropna()]


def guess_files(
    table: pd.DataFrame, names: Sequence[str], folder: str, mask_suffixes: Sequence[str]
) -> FileGuess | None:
    """The column whose values are names of files; None where no column's are.

    Args:
        table: text or missing, as it is written.
        names: of the files, relative to the folder.
        folder: the images' folder, as it is to stand in conf.
        mask_suffixes: what stands behind an image's name in that of its lesion mask.

    Raises:
        SourceError: several files have a name that the table wants.
    """
    parts = {_plain(part) for name in names for part in _ways_to_write(name)}
    candidates = [column for column in table if _names_some(table[column], parts)]
    found = {column: _find(table[column], names, folder) for column in candidates}
    counts = {column: int(files.notna().sum()) for column, files in found.items()}
    counts = {column: count for column, count in counts.items() if count}
    if not counts:
        return None
    best = min(counts, key=lambda column: _rank(column, counts))
    files = found[best]
    named = {file for each in found.values() for file in each.dropna()}
    others = set(names) - named
    stems = {file.rpartition(".")[0] for file in named}
    masks = set(find_masks(others, stems, mask_suffixes).values())
    return FileGuess(
        column=best,
        files=files,
        written=table[best],
        unlisted=[speakable(name) for name in names if name in others and name not in masks],
        others={name: count for name, count in counts.items() if not found[name].equals(files)},
    )


def explain_no_files(
    table: pd.DataFrame, names: Sequence[str], path: Path, folder: str
) -> SourceError:
    """What stands in the likeliest column beside what lies in the folder."""
    likely = [
        column
        for column in table
        if any(words.NAMES[m].fullmatch(plain_name(column)) for m in ("file", "image_id"))
    ]
    told = show_some(list(table)) if not likely else show(likely[0])
    values = list(table[likely[0]].dropna().unique()) if likely else []
    said = f" ({show_some(values)})" if values else ""
    return SourceError(
        f"no column of {path} names files of {folder}: its columns are such as {told}{said}, "
        f"the files such as {show_some([speakable(name) for name in names])}; "
        "is it the right folder?"
    )


def _rank(column: str, counts: Mapping[str, int]) -> tuple[bool, int, bool]:
    """What to prefer, False first: the network sees dermoscopic images, if there are as many."""
    plain = plain_name(column)
    named = words.NAMES["file"].fullmatch(plain) is not None
    enough = counts[column] >= max(counts.values()) / 2
    return not (enough and plain.startswith("derm")), -counts[column], not named


def _names_some(column: pd.Series, parts: set[str]) -> bool:
    """Whether some of a column's values end as the name of a file."""
    values = column.dropna().drop_duplicates()
    # From all over the table: its first images may have been left out.
    tried = values.iloc[:: max(1, len(values) // _TRIED)]
    hits = sum(_plain(_last_part(str(value))) in parts for value in tried)
    return hits > 0 and hits >= _ENOUGH * len(tried)


def _plain(name: str) -> str:
    return same_letters(name).casefold()


def _ways_to_write(name: str) -> tuple[str, str]:
    last = posixpath.basename(name)
    return last, last.rpartition(".")[0] or last


def _last_part(written: str) -> str:
    return written.replace("\\", "/").rpartition("/")[2]


def _find(column: pd.Series, names: Sequence[str], folder: str) -> pd.Series:
    """Of each row the file that ingest will take for its image; missing where there is none."""
    known = set(names)
    folders = (f"{Path(folder).expanduser().resolve()}/", f"{folder.rstrip('/')}/")
    found = find_names(column, names, folders)
    files = [name if name in known else None for name in found]
    return pd.Series(files, column.index, dtype=object)
