"""Where the project was before each ``kedro restore``, and the way back there."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from dermaflow.errors import VersioningError
from dermaflow.io.atomic_files import replacing_file
from dermaflow.versioning.dvc.commit import output_entries, save_outputs
from dermaflow.versioning.dvc.lock import Entry, locks_of, write_locks
from dermaflow.versioning.git import (
    checkout,
    current_branch,
    current_commit,
    has_repository,
    require_git,
    revert_patch,
    without_locks,
)
from dermaflow.versioning.restore.restore_run import checkout_data, require_raw
from dermaflow.versioning.stages.fingerprint import hash_path
from dermaflow.versioning.stages.stage_locks import holding_all

_NOTES = Path(".dvc/tmp/before_restore.json")  # git and DVC leave that folder alone


@dataclass(frozen=True)
class Origin:
    """Where the project was.

    Attributes:
        branch: that was checked out, or a commit.
        env: environment whose data were replaced.
        locks: path of each of its ``dvc.lock`` -> the text; None where there was none.
        outputs: the entries that a lock of what lay there would have.
        commit: that was restored, or was there already.
        patch: hex digits of the changes that were restored with it.
        raw: path -> hash of raw data that were replaced, too; None where there were none.
        code_is_back: whether the branch is checked out again, and the data alone are not back.
    """

    branch: str
    env: str
    locks: dict[str, str | None]
    outputs: dict[str, Entry]
    commit: str | None
    patch: str
    raw: dict[str, str | None]
    code_is_back: bool = False


def leave(
    project_path: Path, env: str, commit: str | None, patch: bytes, raw: Iterable[str]
) -> list[str]:
    """Before a run is restored: keep what is there in DVC's cache, and note where that is.

    Args:
        project_path: root of the project.
        env: environment whose data are to be replaced.
        commit: that is to be checked out, None for none.
        patch: that is to be applied to it.
        raw: paths of raw data that are to be replaced; ``require_raw`` comes first.

    Returns:
        Stages of which DVC held no copy until now.

    Raises:
        VersioningError: another DVC command holds its lock, DVC fails, or git refuses to say which
            code is here.
    """
    require_git(project_path)
    outputs = output_entries(project_path, env)
    kept = save_outputs(project_path, env, outputs)
    locks = {
        lock.relative_to(project_path).as_posix(): lock.read_text(encoding="utf-8")
        if lock.exists()
        else None
        for lock in locks_of(project_path, env)
    }
    head, branch = current_commit(project_path), current_branch(project_path)
    origins = _read(project_path)
    if origins and origins[-1].commit != head:
        origins = []  # the user has left by other ways
    before = {path: hash_path(project_path / path) for path in raw}
    origin = Origin(branch, env, locks, outputs, commit or head, patch.hex(), before)
    _write(project_path, [*origins, origin])
    return kept


def stay(project_path: Path) -> None:
    """After git refused to restore what ``leave`` was told: note where the project is instead."""
    *earlier, last = _read(project_path)
    if current_commit(project_path) == last.commit:  # checked out, but the patch does not apply
        earlier = [*earlier, replace(last, patch="")]
    _write(project_path, earlier)


def go_back(project_path: Path) -> str:
    """Undo the last restore: code, configuration, lock and data; if that fails, it can be repeated.

    Returns:
        The branch or commit that is checked out again.

    Raises:
        VersioningError: nothing was restored, git or DVC refuse, lest a change be lost, or some
            data are not back.
        IntegrityError: what DVC gave out is damaged.
        RunningError: a run uses the data.
    """
    origins = _read(project_path)
    if not origins:
        raise VersioningError("no run was restored here, so there is no way back to go")
    require_git(project_path)
    with holding_all(project_path, origins[-1].env):
        return _go_back(project_path, origins)


def _go_back(project_path: Path, origins: Sequence[Origin]) -> str:
    *earlier, origin = origins
    if current_commit(project_path) != origin.commit:
        raise VersioningError(
            f"commit {origin.commit}, which was restored, is not checked out any more: "
            f"`git checkout {origin.branch}` and `dvc checkout` go back"
        )
    if not origin.code_is_back:  # else the `.dvc` files are not those of what is there
        require_raw(project_path, {path: md5 or "" for path, md5 in origin.raw.items()})
    save_outputs(project_path, origin.env, output_entries(project_path, origin.env))
    if origin.patch:
        revert_patch(project_path, bytes.fromhex(origin.patch))
        origin = replace(origin, patch="")
        _write(project_path, [*earlier, origin])  # if git refuses what follows
    if has_repository(project_path):  # else the code was never another
        with without_locks(project_path):
            checkout(project_path, origin.branch)
    origin = replace(origin, commit=current_commit(project_path), code_is_back=True)
    _write(project_path, [*earlier, origin])  # if DVC refuses what follows
    missing = _return_data(project_path, origin)
    if missing:
        raise VersioningError(
            f"code and parameters are those of {origin.branch} again, but not {', '.join(missing)}:"
            " not in DVC's cache; `dvc fetch` may get it, then `kedro restore --back` again"
        )
    _write(project_path, earlier)
    return origin.branch


def _return_data(project_path: Path, origin: Origin) -> list[str]:
    """Bring the data and the locks back; gives the paths that are not back."""
    write_locks(project_path, origin.env, origin.outputs)
    try:
        return checkout_data(project_path, origin.env, origin.outputs, origin.raw)
    finally:
        for path, text in origin.locks.items():
            if text is None:
                (project_path / path).unlink(missing_ok=True)
            else:
                with replacing_file(project_path / path) as partial:
                    partial.write_text(text, encoding="utf-8")


def _read(project_path: Path) -> list[Origin]:
    """One for each restore that was not undone, the last one last."""
    try:
        notes = json.loads((project_path / _NOTES).read_text(encoding="utf-8"))
        return [Origin(**note) for note in notes]
    except (OSError, ValueError, TypeError):
        return []


def _write(project_path: Path, origins: Sequence[Origin]) -> None:
    with replacing_file(project_path / _NOTES) as partial:
        partial.write_text(json.dumps([asdict(o) for o in origins]), encoding="utf-8")
