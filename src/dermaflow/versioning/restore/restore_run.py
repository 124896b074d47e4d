"""Bringing a run's code, parameters and data back, through git and DVC."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from dermaflow.errors import IntegrityError, VersioningError
from dermaflow.io.text import one_line
from dermaflow.versioning.dvc.cache import DvcCache
from dermaflow.versioning.dvc.command import run_dvc
from dermaflow.versioning.dvc.lock import Entry, read_locks, write_locks
from dermaflow.versioning.dvc.stage_file import dvc_files
from dermaflow.versioning.dvc.tracked_files import SUFFIX, tracked_by
from dermaflow.versioning.git import (
    apply_patch,
    checkout,
    code_version,
    current_commit,
    has_commit,
    has_repository,
    require_git,
    without_locks,
)
from dermaflow.versioning.stages.damage import Expected, explain
from dermaflow.versioning.stages.fingerprint import hash_path


def require_data(project_path: Path, entries: Mapping[str, Entry]) -> None:
    """Refuse a run whose data cannot be brought back, before anything is changed.

    Raises:
        VersioningError: the run has no entries of ``dvc.lock``, or there is no DVC here.
    """
    if not entries:
        raise VersioningError("the run names no outputs: no stage of it was finished")
    if DvcCache.of(project_path) is None:
        raise VersioningError("there is no .dvc here: `dvc init`, and `dvc pull` from a remote")


def require_code(project_path: Path, commit: str | None) -> str:
    """The commit, if it can be checked out and nothing be lost; before anything is changed.

    Raises:
        VersioningError: there is no such commit, git refuses to say, or changes of one's own would
            be lost.
    """
    if commit is None:
        raise VersioningError(
            "the run was made outside a git checkout, or git could not read it: its code is not "
            "known"
        )
    if not has_repository(project_path):
        raise VersioningError(
            f"there is no git repository here to take commit {commit} from: an image built from "
            "that commit has its code, and `--data-only` brings the data back"
        )
    require_git(project_path)
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
    current = current_commit(project_path)
    if current != commit:
        with without_locks(project_path):
            checkout(project_path, commit)
    if patch:
        apply_patch(project_path, patch)
    with_patch = ", with the changes it had" if patch else ""
    if current == commit:
        return f"{commit[:10]} was checked out already{with_patch}"
    return f"{commit[:10]} is checked out{with_patch}"


def require_raw(project_path: Path, raw: Mapping[str, str]) -> None:
    """Refuse to replace raw data of which DVC has no copy, before anything is changed.

    Raises:
        VersioningError: it is not what its ``.dvc`` file says, or is in no cache.
    """
    for path, wanted in raw.items():
        here = hash_path(project_path / path)
        if here in (None, wanted):
            continue
        tracked = tracked_by(project_path, Path(path))
        cache = DvcCache.of(project_path)
        if not tracked or tracked.md5 != here or (cache and cache.missing([here])):
            raise VersioningError(
                f"{path} would be replaced, and DVC has no copy of it: `dvc add {path}` first, and "
                "commit its .dvc file"
            )


def raw_deps(entries: Mapping[str, Entry]) -> dict[str, str]:
    """Path -> hash of what stages read that is neither code nor made by another stage."""
    made = {out["path"] for entry in entries.values() for out in entry["outs"]}
    return {
        dep["path"]: dep["md5"]
        for entry in entries.values()
        for dep in entry["deps"]
        if dep["path"] not in made and not dep["path"].startswith("src/")
    }


def outputs_of(entries: Mapping[str, Entry]) -> dict[str, str]:
    """Path -> hash of what a run's stages made."""
    return {out["path"]: out["md5"] for entry in entries.values() for out in entry["outs"]}


def restore_data(
    project_path: Path, env: str, entries: Mapping[str, Entry], raw: Mapping[str, str]
) -> list[str]:
    """Bring outputs and raw data back from DVC's cache; ``fetch`` fills it before.

    Args:
        project_path: root of the project.
        env: the environment.
        entries: stage -> its entry of ``dvc.lock``.
        raw: path -> hash of raw data; its ``.dvc`` files say the same.

    Returns:
        Paths that are not back.

    Raises:
        IntegrityError: what DVC gave out is damaged.
        VersioningError: DVC fails, but for what is in no cache.
    """
    write_locks(project_path, env, {**read_locks(project_path, env), **entries})
    return checkout_data(project_path, env, entries, raw)


def checkout_data(
    project_path: Path, env: str, entries: Mapping[str, Entry], raw: Mapping[str, str | None]
) -> list[str]:
    """``restore_data`` where ``dvc.lock`` names the entries already; any raw data do for None."""
    _checkout(project_path, env, raw)
    wanted = outputs_of(entries) | {path: md5 for path, md5 in raw.items() if md5}
    away = sorted(p for p, md5 in wanted.items() if hash_path(project_path / p) != md5)
    _refuse_damaged(project_path, entries, {path: wanted[path] for path in away})
    return away


def _checkout(project_path: Path, env: str, raw: Iterable[str]) -> None:
    """Put what ``dvc.lock`` and the ``.dvc`` files of raw data name in place, of what is cached.

    Raises:
        VersioningError: DVC fails, but for what is in no cache.
    """
    files = [f"{path}{SUFFIX}" for path in raw if (project_path / f"{path}{SUFFIX}").exists()]
    filed = [str(file) for file in dvc_files(project_path, env) if file.exists()]
    done = run_dvc(project_path, "checkout", "--allow-missing", *filed, *files)
    if done.returncode:
        said = one_line(done.stderr) or f"ended with {done.returncode}"
        raise VersioningError(f"dvc checkout: {said}")


def _refuse_damaged(
    project_path: Path, entries: Mapping[str, Entry], away: Mapping[str, str]
) -> None:
    """Raise IntegrityError if DVC's copy of what is not back is there and damaged."""
    makers = {out["path"]: name for name, entry in entries.items() for out in entry["outs"]}
    cache = DvcCache.of(project_path) if away else None
    for path, md5 in away.items():
        if cache and cache.damaged(md5):
            origin = makers.get(path, f"{path}{SUFFIX}")
            raise IntegrityError(explain(project_path, Expected(path, [md5], origin, filed=True)))
