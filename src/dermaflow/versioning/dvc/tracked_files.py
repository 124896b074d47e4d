"""Files from outside that ``dvc add`` put under DVC: raw data above all."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import yaml

SUFFIX = ".dvc"


@dataclass(frozen=True)
class Tracked:
    """What one ``.dvc`` file keeps track of.

    Attributes:
        path: the file or folder, from the project's root.
        md5: its hash in git; None where the file is of a kind that has no comparable one.
    """

    path: str
    md5: str | None

    @property
    def dvc_file(self) -> str:
        """The ``.dvc`` file, from the project's root."""
        return f"{self.path}{SUFFIX}"


def tracked_by(project_path: Path, path: Path) -> Tracked | None:
    """Who keeps track of a path: its own ``.dvc`` file, or that of a folder above it.

    Paths outside the project are never tracked: they are of one machine.
    """
    path = project_path / path  # as it is, if it is absolute
    while path.is_relative_to(project_path) and path != project_path:
        name = path.relative_to(project_path).as_posix()
        if (project_path / f"{name}{SUFFIX}").is_file():
            return Tracked(name, _read_md5(project_path / f"{name}{SUFFIX}"))
        path = path.parent
    return None


def split_tracked(
    project_path: Path, paths: Iterable[Path]
) -> tuple[dict[str, Tracked], list[Path]]:
    """What keeps track of the paths, by its own path, and the paths that nothing keeps track of."""
    tracked: dict[str, Tracked] = {}
    untracked: list[Path] = []
    for path in paths:
        found = tracked_by(project_path, path)
        if found:
            tracked[found.path] = found
        else:
            untracked.append(path)
    return tracked, untracked


def _read_md5(dvc_file: Path) -> str | None:
    try:
        (out,) = yaml.safe_load(dvc_file.read_text(encoding="utf-8"))["outs"]
        # DVC before 3 hashed text files otherwise, and did not write this key.
        md5: str | None = out.get("md5") if out.get("hash") == "md5" else None
    except (OSError, yaml.YAMLError, AttributeError, KeyError, TypeError, ValueError):
        return None
    return md5
