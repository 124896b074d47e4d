"""Which code a result came from."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

from dermaflow.errors import VersioningError

# What decides a result; elsewhere files come and go as they like, and DVC writes its locks itself.
_CODE = ("src", "conf", "pyproject.toml", "uv.lock", ":(exclude)*dvc.lock")


def code_version(project_path: Path) -> tuple[str | None, bool]:
    """Git commit of the project, and whether code or configuration differ from it.

    Returns:
        ``(None, False)`` where the project is no git checkout, as in a container.
    """
    commit = _git(project_path, "rev-parse", "HEAD")
    if commit is None:
        return None, False
    return commit, bool(_git(project_path, "status", "--porcelain", "--", *_CODE))


def uncommitted_patch(project_path: Path) -> str:
    """Changes of code and configuration since the commit, new files too, for ``git apply``."""
    with tempfile.TemporaryDirectory() as folder:
        # An index of its own, so that what the user has staged stays as it is.
        index = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
        _git(project_path, "read-tree", "HEAD", env=index)
        _git(project_path, "add", "--all", "--", *_CODE, env=index)
        patch = _git(project_path, "diff", "--cached", "--binary", "HEAD", env=index)
    return f"{patch}\n" if patch else ""


def has_commit(project_path: Path, commit: str) -> bool:
    """Whether the repository holds a commit."""
    return _git(project_path, "cat-file", "-e", f"{commit}^{{commit}}") is not None


def checkout(project_path: Path, commit: str) -> None:
    """Check a commit out. Raises VersioningError where that would lose changes."""
    _demand(project_path, "checkout", "--quiet", "--detach", commit)


def reset_file(project_path: Path, path: Path) -> bool:
    """Give a file the content of the commit; False where the commit has no such file."""
    return _git(project_path, "checkout", "HEAD", "--", str(path)) is not None


def apply_patch(project_path: Path, patch: str) -> None:
    """Apply what ``uncommitted_patch`` gave. Raises VersioningError where it does not fit."""
    _demand(project_path, "apply", "--whitespace=nowarn", "-", stdin=patch)


def _demand(folder: Path, *arguments: str, stdin: str = "") -> None:
    command = ["git", "-C", str(folder), *arguments]
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)
    if done.returncode:
        said = " ".join(done.stderr.split())
        raise VersioningError(f"git {arguments[0]} refused: {said}")


def _git(folder: Path, *arguments: str, env: dict[str, str] | None = None) -> str | None:
    """Output of a git command, or None where there is no git or no checkout."""
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments],
            capture_output=True,
            text=True,
            check=True,
            env=os.environ | (env or {}),
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip("\n")
