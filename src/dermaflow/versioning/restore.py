"""Bringing a run's code, parameters and data back, through git and DVC."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from dermaflow.errors import VersioningError
from dermaflow.versioning.dvc_commit import has_dvc
from dermaflow.versioning.dvc_file import dvc_path
from dermaflow.versioning.dvc_lock import Entry, read_lock, write_lock
from dermaflow.versioning.fingerprint import hash_path
from dermaflow.versioning.git import (
    apply_patch,
    checkout,
    code_version,
    has_commit,
    without_locks,
)

logger = logging.getLogger(__name__)


def require_data(project_path: Path, entries: Mapping[str, Entry]) -> None:
    """Refuse a run whose data cannot be brought back, before anything is changed.

    Raises:
        VersioningError: the run has no entries of ``dvc.lock``, or there is no DVC here.
    """
    if not entries:
        raise VersioningError("the run names no outputs: no stage of it was finished")
    if not has_dvc(project_path):
        raise VersioningError("there is no .dvc here: `dvc init`, and `dvc pull` from a remote")


def require_code(project_path: Path, commit: str | None) -> str:
    """The commit, if it can be checked out and nothing be lost; before anything is changed.

    Raises:
        VersioningError: there is no such commit, or changes of one's own would be lost.
    """
    if commit is None:
        raise VersioningError("the run was made outside a git checkout: its code is not known")
    if not has_commit(project_path, commit):
        raise VersioningError(f"commit {commit} is not in this repository: `git fetch` may get it")
    if code_version(project_path)[1]:
        raise VersioningError(
            "code or configuration has changes that restoring would mix with the run's: "
            "`git stash --include-untracked` or commit them first (what an earlier restore brought "
            "back is undone by `kedro restore --back`)"
        )
    return commit


def restore_code(project_path: Path, commit: str, patch: bytes) -> str:
    """Check a commit out, with the changes that were not in it; ``require_code`` comes first.

    Returns:
        What was done, for people.

    Raises:
        VersioningError: git refuses.
    """
    current, _ = code_version(project_path)
    if current != commit:
        with without_locks(project_path):
            checkout(project_path, commit)
    if patch:
        apply_patch(project_path, patch)
    with_patch = ", with the changes it had" if patch else ""
    if current == commit:
        return f"{commit[:10]} was checked out already{with_patch}"
    return f"{commit[:10]} is checked out{with_patch}"


def restore_data(
    project_path: Path, env: str, entries: Mapping[str, Entry]
) -> tuple[list[str], list[str]]:
    """Bring outputs back from DVC's cache, or from its remote where there is one.

    Args:
        project_path: root of the project.
        env: the environment.
        entries: stage -> its entry of ``dvc.lock``.

    Returns:
        Paths that are back, and those that are not.

    Raises:
        VersioningError: DVC fails, but for what is in no cache.
    """
    file = dvc_path(project_path, env)
    lock = file.with_suffix(".lock")
    before = read_lock(lock)
    write_lock(lock, {**before, **entries})
    if _dvc(project_path, "remote", "list").stdout.strip():
        fetched = _dvc(project_path, "fetch", "--quiet", str(file))
        if fetched.returncode:
            logger.warning("DVC's remote: %s", _last_line(fetched))
    checkout_data(project_path, env)
    outs = {out["path"]: out["md5"] for entry in entries.values() for out in entry["outs"]}
    back = [path for path, value in outs.items() if hash_path(project_path / path) == value]
    return back, sorted(outs.keys() - set(back))


def checkout_data(project_path: Path, env: str) -> None:
    """Put the data that an environment's ``dvc.lock`` names in their places, of those at hand.

    Raises:
        VersioningError: DVC fails, but for what is in no cache.
    """
    target = str(dvc_path(project_path, env))
    done = _dvc(project_path, "checkout", "--allow-missing", target)
    if done.returncode:
        raise VersioningError(f"dvc checkout: {_last_line(done)}")


def _dvc(project_path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "dvc", *arguments]
    return subprocess.run(
        command,
        cwd=project_path,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,  # or it would ask
    )


def _last_line(done: subprocess.CompletedProcess[str]) -> str:
    return (done.stderr.strip().splitlines() or [f"ended with {done.returncode}"])[-1]
