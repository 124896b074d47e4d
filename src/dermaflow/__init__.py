"""Dermaflow: a dermatology image classification pipeline."""

import sys
from contextlib import suppress
from pathlib import Path


def _forget_stale_bytecode() -> None:
    """Remove bytecode that is older than the last change of its source, before anything is loaded.

    Python compares size and time in seconds, and so takes old bytecode for a source that was
    changed within a second, or that brought its old time along; the records would name the new one.
    """
    for source in Path(__file__).parent.rglob("*.py"):
        folder = source.parent / "__pycache__"
        if sys.pycache_prefix:
            folder = Path(sys.pycache_prefix, *source.parent.parts[1:])
        for bytecode in folder.glob(f"{source.stem}.{sys.implementation.cache_tag}*.pyc"):
            with suppress(OSError):
                if bytecode.stat().st_mtime_ns <= source.stat().st_ctime_ns:
                    bytecode.unlink()


_forget_stale_bytecode()
