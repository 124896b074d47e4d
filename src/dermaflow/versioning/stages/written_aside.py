"""Outputs of a stage that are written aside and put in place together."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

from dermaflow.io.atomic_files import replace_folder

_STATES = ("partial", "replaced")  # of folders beside an output's place: new and old content


def aside(path: Path, stage: str) -> Path:
    """Where an output is written first: beside its place, so that a rename moves it there."""
    return path.parent / f".{stage}.partial" / path.name


def make_room(paths: Iterable[Path], stage: str) -> None:
    """Make the folders in which outputs are written aside."""
    for path in paths:
        aside(path, stage).parent.mkdir(parents=True, exist_ok=True)


def put_in_place(paths: Iterable[Path], stage: str) -> None:
    """Move outputs from aside to their places; goes on where a crash stopped it.

    After a crash only those outputs may be given that are not in their places: of a folder that was
    moved, the old content may be what lies aside.
    """
    paths = list(paths)
    for path in paths:
        new = aside(path, stage)
        if new.exists():
            replace_folder(new, path, path.parent / f".{stage}.replaced" / path.name)
    clear(paths, stage)


def keep_apart(datasets: Mapping[str, Path], stage: str, folder: Path) -> dict[str, Path]:
    """Move outputs of a stage that failed to a folder where nothing reads them but people.

    Returns:
        Dataset -> where it is now.
    """
    kept: dict[str, Path] = {}
    for name, path in datasets.items():
        if aside(path, stage).exists():
            kept[name] = folder / path.name
            folder.mkdir(parents=True, exist_ok=True)
            aside(path, stage).rename(kept[name])
    return kept


def clear(paths: Iterable[Path], stage: str) -> None:
    """Remove what was written aside."""
    for folder in {path.parent for path in paths}:
        for state in _STATES:
            shutil.rmtree(folder / f".{stage}.{state}", ignore_errors=True)


def is_clear(paths: Iterable[Path], stage: str) -> bool:
    """Whether nothing is there that was written aside."""
    folders = {path.parent / f".{stage}.{state}" for path in paths for state in _STATES}
    return not any(folder.exists() for folder in folders)
