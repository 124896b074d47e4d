"""Bringing a run's code, parameters and data back, through git and DVC."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from dermaflow.errors import VersioningError
from dermaflow.files import replacing_file
from dermaflow.versioning.dvc_file import dvc_path
from dermaflow.versioning.dvc_lock import Entry, lock_text, read_lock
from dermaflow.versioning.fingerprint import hash_path
from dermaflow.versioning.git import apply_patch, checkout, code_version, has_commit, reset_file


def restore_code(project_path: Path, commit: str | None, patch: str) -> str:
    """Check a commit out, with the changes that were not in it.

    Returns:
        What was done, for people.

    Raises:
        VersioningError: there is no such commit, or changes of one's own would be lost.
    """
    if commit is None:
        raise VersioningError("the run was made outside a git checkout: its code is not known")
    if not has_commit(project_path, commit):
        raise VersioningError(f"commit {commit} is not in this repository: `git fetch` may get it")
    current, dirty = code_version(project_path)
    if dirty:
        raise VersioningError(
            "code or configuration has changes that restoring would mix with the run's: "
            "`git stash --include-untracked` or commit them first"
        )
    if current != commit:
        with _without_locks(project_path):
            checkout(project_path, commit)
    if patch:
        apply_patch(project_path, patch)
    with_patch = ", with the changes it had" if patch else ""
    if current == commit:
        return f"{commit[:10]} was checked out already{with_patch}"
    back = "`git checkout --force -`, then `dvc checkout`, goes back"
    return f"{commit[:10]} is checked out{with_patch} ({back})"


def restore_data(
    project_path: Path, env: str, entries: Mapping[str, Entry], force: bool
) -> tuple[list[str], list[str]]:
    """Bring outputs back from DVC's cache, or from its remote where there is one.

    Args:
        project_path: root of the project.
        env: the environment.
        entries: stage -> its entry of ``dvc.lock``.
        force: replace outputs even if DVC holds no copy of them.

    Returns:
        Paths that are back, and those that are not.

    Raises:
        VersioningError: there are no entries, no DVC, or outputs that would be lost.
    """
    file = dvc_path(project_path, env)
    if not entries:
        raise VersioningError("the run names no outputs: no stage of it was finished")
    if not (project_path / ".dvc").is_dir():
        raise VersioningError("there is no .dvc here: `dvc init`, and `dvc pull` from a remote")
    lock = file.with_suffix(".lock")
    before = read_lock(lock)
    with replacing_file(lock) as partial:
        partial.write_text(lock_text({**before, **entries}), encoding="utf-8")
    target = str(file.relative_to(project_path))
    if _dvc(project_path, "remote", "list").stdout.strip():
        _dvc(project_path, "fetch", "--quiet", target)
    flags = ["--allow-missing", *(["--force"] if force else [])]
    done = _dvc(project_path, "checkout", *flags, target)
    outs = {out["path"]: out["md5"] for entry in entries.values() for out in entry["outs"]}
    back = [path for path, value in outs.items() if hash_path(project_path / path) == value]
    if done.returncode and "force" in done.stderr:
        raise VersioningError(
            "outputs that are there now are in no DVC cache and would be lost: `kedro run` "
            f"commits them, or --force gives them up ({done.stderr.strip().splitlines()[0]})"
        )
    return back, sorted(outs.keys() - set(back))


@contextmanager
def _without_locks(project_path: Path) -> Iterator[None]:
    """Keep DVC's locks out of git's way: they say what data is there, which no checkout changes."""
    locks = [project_path / "dvc.lock", *project_path.glob("conf/*/dvc.lock")]
    contents = {lock: lock.read_bytes() for lock in locks if lock.exists()}
    for lock in contents:
        if not reset_file(project_path, lock):
            lock.unlink()  # git does not know it
    try:
        yield
    finally:
        for lock, content in contents.items():
            if lock.parent.is_dir():
                with replacing_file(lock) as partial:
                    partial.write_bytes(content)


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
