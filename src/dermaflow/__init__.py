"""Dermaflow: a dermatology image classification pipeline."""

import os
import sys
from contextlib import suppress
from pathlib import Path


def _forget_stale_bytecode() -> None:
    """Remove bytecode that is older than the last change of its source, before anything is loaded.

    Python compares size and time in seconds, and so takes old bytecode for a source that was
    changed within a second, or that brought its old time along; the records would name the new one.
    """
    for folder, _, names in os.walk(Path(__file__).parent):
        cache = Path(folder, "__pycache__")
        if sys.pycache_prefix:
            cache = Path(sys.pycache_prefix, folder.lstrip(os.sep))
        with suppress(OSError):  # nothing is cached, or nothing may be removed
            sources = (Path(folder, name) for name in names if name.endswith(".py"))
            changed = {source.stem: source.stat().st_ctime_ns for source in sources}
            for bytecode in cache.iterdir():
                source_name = bytecode.name.partition(".")[0]
                if bytecode.stat().st_mtime_ns <= changed.get(source_name, 0):
                    bytecode.unlink()


_forget_stale_bytecode()
