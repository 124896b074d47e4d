"""What a DVC that was killed leaves in its own way, or in anybody's."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_TEMPORARY = re.compile(r"\.[\w-]{22}\.tmp")  # as DVC names them


def clear_leftovers(repo: Any) -> None:
    """Remove what a killed process left in a DVC repository whose lock the caller holds."""
    _clear_busy_files(repo)
    for folder in _folders(repo):
        for path in folder.glob(".*.tmp"):
            if _TEMPORARY.fullmatch(path.name):
                path.unlink(missing_ok=True)


def _folders(repo: Any) -> Iterator[Path]:
    """Where DVC writes temporary files: in its cache, and beside outputs, to try links there."""
    cache = Path(repo.cache.local.path)
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
