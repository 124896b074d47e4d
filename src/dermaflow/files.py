"""Files and folders that appear whole or not at all."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing_folder(target: str | Path) -> Iterator[Path]:
    """Give an empty folder to fill, and put it in the place of ``target`` if the block succeeds.

    A reader never sees a part, and a failed block leaves the old content. Between the two renames,
    for a moment, there is no folder at all.
    """
    target = Path(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    token = uuid.uuid4().hex[:8]
    partial = target.with_name(f".{target.name}.{token}.partial")
    replaced = target.with_name(f".{target.name}.{token}.replaced")
    partial.mkdir()
    try:
        yield partial
        if target.exists():
            target.rename(replaced)
        partial.rename(target)
    except OSError:
        if replaced.exists() and not target.exists():
            replaced.rename(target)
        raise
    finally:
        shutil.rmtree(partial, ignore_errors=True)
        shutil.rmtree(replaced, ignore_errors=True)


@contextmanager
def replacing_file(target: str | Path) -> Iterator[Path]:
    """Like ``replacing_folder``, for one file: give a path to write to."""
    target = Path(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.{uuid.uuid4().hex[:8]}.partial")
    try:
        yield partial
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
