"""What of a run's outputs shows patients, and may have to stay off the tracking server.

The catalog says it of each entry, under ``metadata.mlflow``: ``pictures: true`` for one that shows
images of patients, or that a generator learned from them, and in ``charts`` the names of those of
its files that show none.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

KEPT_LOCAL = "kept_local"  # tag: paths, from the project's root, of what the run did not log


def shows_pictures(rule: Mapping[str, Any]) -> bool:
    """Whether an entry with this ``metadata.mlflow`` has files that show patients."""
    return bool(rule.get("pictures")) and "artifact" in rule


def charts_of(path: Path, rule: Mapping[str, Any]) -> list[Path]:
    """Those of an entry's files that show no patient. A file that is not named shows one.

    Args:
        path: the entry's file or folder.
        rule: its ``metadata.mlflow``.
    """
    named = rule.get("charts", ())
    return sorted(file for file in path.iterdir() if file.name in named) if path.is_dir() else []
