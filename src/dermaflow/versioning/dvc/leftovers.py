"""Holding a DVC repository, and what a killed DVC leaves in its own way, or in anybody's."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from dermaflow.io.file_lock import locked
from dermaflow.versioning.dvc.internals import DvcRepository

COMMITS = ".dvc/tmp/dermaflow.lock"
SECONDS_FOR_DVC = 60

_TEMPORARY = re.compile(r"\.[\w-]{22}\.tmp")  # as DVC names them
_SECONDS_ABANDONED = 24 * 3600  # an older one grows no more: `dvc fetch` writes without a lock


@contextmanager
def holding(repository: DvcRepository) -> Iterator[None]:
    """Hold a DVC repository's lock, and clear what killed processes left there.

    It waits for another process in such a block for as long as that takes, and for DVC's own
    commands for a minute: they hold the lock briefly, unless they move data (``dvc pull``) or hang.

    Raises:
        DvcError: one of DVC's own commands keeps the lock.
    """
    with locked(repository.root / COMMITS), repository.locked(SECONDS_FOR_DVC):
        clear_leftovers(repository)
        yield


def clear_leftovers(repository: DvcRepository) -> None:
    """Remove what a killed process left in a DVC repository whose lock the caller holds."""
    _clear_busy_list(repository)
    abandoned = time.time() - _SECONDS_ABANDONED
    for folder in _folders(repository):
        for path in folder.glob(".*.tmp"):
            with suppress(FileNotFoundError):  # another process is done with it
                if _TEMPORARY.fullmatch(path.name) and path.lstat().st_mtime < abandoned:
                    path.unlink()


def _folders(repository: DvcRepository) -> Iterator[Path]:
    """Where DVC writes temporary files: in its cache, and beside outputs, to try links there.

    A cache elsewhere may be shared with projects whose locks nobody here holds.
    """
    cache = repository.cache_folder
    if cache.is_relative_to(repository.root / ".dvc"):
        yield from (path for path in cache.glob("[0-9a-f][0-9a-f]") if path.is_dir())
        yield cache
        yield from (path for path in (cache.parents[1] / "runs").glob("*/*") if path.is_dir())
    yield from repository.output_folders


def _clear_busy_list(repository: DvcRepository) -> None:
    """DVC rewrites its list of busy files in place, and stops at one that was cut short."""
    with repository.busy_list() as file:
        try:
            json.loads(file.read_bytes())
        except FileNotFoundError:
            return
        except ValueError:
            file.unlink()
