"""What git still holds of files as they once were."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from dermaflow.errors import VersioningError
from dermaflow.io.text import one_line
from dermaflow.versioning.git import current_commit, git_environment, require_git

_REACHED = ("--all", "--reflog", "--indexed-objects")  # stashes are among all references


def history_of(project_path: Path, patterns: Sequence[str]) -> bytes:
    """Content of each version of some files that a reference, the index or a reflog reaches.

    Args:
        project_path: root of the project, in a repository or not.
        patterns: of names, in any folder of the repository.

    Raises:
        VersioningError: git cannot read its history.
    """
    require_git(project_path)
    if current_commit(project_path) is None:
        return b""
    # Git's own limit to paths leaves out branches that were merged without effect.
    listed = _run(project_path, b"", "rev-list", *_REACHED, "--objects").splitlines()
    named = (line.partition(b" ") for line in listed)
    objects = [name for name, _, path in named if _fits(path, patterns)]
    return _run(project_path, b"\n".join(objects), "cat-file", "--batch")


def _fits(path: bytes, patterns: Sequence[str]) -> bool:
    name = PurePosixPath(path.decode(errors="replace")).name
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _run(project_path: Path, given: bytes, *arguments: str) -> bytes:
    done = subprocess.run(
        ["git", *arguments],
        cwd=project_path,
        env=git_environment(),
        input=given,
        capture_output=True,
        check=False,
    )
    if done.returncode:
        said = one_line(done.stderr.decode(errors="replace"), 300)
        raise VersioningError(f"git {arguments[0]}: {said}")
    return done.stdout
