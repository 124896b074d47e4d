"""Holding a DVC repository, and what a killed DVC leaves in its own way, or in anybody's."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from dermaflow.io.file_lock import locked

COMMITS = "dermaflow.lock"  # in DVC's folder of temporary files

_TEMPORARY = re.compile(r"\.[\w-]{22}\.tmp")  # as DVC names them
_SECONDS_ABANDONED = 24 * 3600  # an older one grows no more: `dvc fetch` writes without a lock


@contextmanager
def holding(repo: Any) -> Iterator[None]:
    """Hold a DVC repository's lock, and clear what killed processes left there.

    For another process in such a block it waits, for as long as that takes; for DVC's own commands
    DVC waits a few seconds, and raises LockError.
    """
    with locked(Path(repo.tmp_dir) / COMMITS), repo.lock:
        clear_leftovers(repo)
        yield


def clear_leftovers(repo: Any) -> None:
    """Remove what a killed process left in a DVC repository whose lock the caller holds."""
    _clear_busy_files(repo)
    abandoned = time.time() - _SECONDS_ABANDONED
    for folder in _folders(repo):
        for path in folder.glob(".*.tmp"):
            with suppress(FileNotFoundError):  # another process is done with it
                if _TEMPORARY.fullmatch(path.name) and path.lstat().st_mtime < abandoned:
                    path.unlink()


def _folders(repo: Any) -> Iterator[Path]:
    """Where DVC writes temporary files: in its cache, and beside outputs, to try links there.

    A cache elsewhere may be shared with projects whose locks nobody here holds.
    """
    cache = Path(repo.cache.local.path)
    if cache.is_relative_to(repo.dvc_dir):
        yield from (path for path in cache.glob("[0-9a-f][0-9a-f]") if path.is_dir())
        yield cache
        yield from (path for path in (cache.parents[1] / "runs").glob("*/*") if path.is_dir())
    yield from {Path(out.fs_path).parent for out in repo.index.outs}


def _clear_busy_files(repo: Any) -> None:
    """DVC lists busy files in a file that it rewrites in place, and stops where it is cut short."""
    from dvc.lock import make_lock
    from dvc.rwlock import RWLOCK_FILE, RWLOCK_LOCK

    folder = Path(repo.tmp_dir)
    hardlink = repo.config["core"].get("hardlink_lock", False)
    guard = make_lock(str(folder / RWLOCK_LOCK), str(folder), hardlink_lock=hardlink)
    with guard:
        try:
            json.loads((folder / RWLOCK_FILE).read_bytes())
        except FileNotFoundError:
            return
        except ValueError:
            (folder / RWLOCK_FILE).unlink()
