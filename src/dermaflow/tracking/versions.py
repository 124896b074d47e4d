"""Which code and which data a result came from."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

import pandas as pd

# What of a manifest decides a training: bytes of each image, its truth and its side.
_DATA_COLUMNS = ("image_id", "sha256", "label", "group_id", "split", "fold")


def code_version(project_path: Path) -> tuple[str | None, bool]:
    """Git commit of the project, and whether tracked files differ from it.

    Returns:
        ``(None, False)`` where the project is no git checkout, as in a container.
    """
    commit = _git(project_path, "rev-parse", "HEAD")
    if commit is None:
        return None, False
    return commit, bool(_git(project_path, "status", "--porcelain", "--untracked-files=no"))


def data_version(manifest: pd.DataFrame, shape: tuple[int, int]) -> str:
    """Content hash of the real images, their labels and their splits, whatever the rows' order.

    Args:
        manifest: with the columns image_id, sha256, label, group_id, split and fold.
        shape: height and width of the stored images in pixels.

    Returns:
        The first 16 hex digits of a SHA-256.
    """
    rows = manifest[list(_DATA_COLUMNS)].sort_values("image_id").to_csv(index=False)
    return hashlib.sha256(f"{shape[0]}x{shape[1]}\n{rows}".encode()).hexdigest()[:16]


def _git(folder: Path, *arguments: str) -> str | None:
    """Output of a git command, or None where there is no git or no checkout."""
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()
