"""Where the project was before ``kedro restore``, and the way back there."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from dermaflow.errors import VersioningError
from dermaflow.files import replacing_file
from dermaflow.versioning.dvc_commit import output_entries, save_outputs
from dermaflow.versioning.dvc_file import dvc_path
from dermaflow.versioning.dvc_lock import Entry, write_lock
from dermaflow.versioning.git import (
    checkout,
    code_version,
    current_branch,
    revert_patch,
    without_locks,
)
from dermaflow.versioning.restore import checkout_data

_NOTE = Path(".dvc/tmp/before_restore.json")  # git and DVC leave that folder alone


@dataclass(frozen=True)
class Origin:
    """Where the project was.

    Attributes:
        branch: that was checked out, or a commit.
        locks: environment -> text of its ``dvc.lock``; None where there was none.
        outputs: environment -> the entries that a lock of what lay there would have.
        commit: that was restored.
        patch: hex digits of the changes that were restored with it.
    """

    branch: str
    locks: dict[str, str | None]
    outputs: dict[str, dict[str, Entry]]
    commit: str | None
    patch: str = ""


def note_origin(project_path: Path, env: str, commit: str | None, patch: bytes) -> None:
    """Write down where the project is before a run is restored; of several, before the first.

    Args:
        project_path: root of the project.
        env: environment whose data are to be replaced.
        commit: that is to be checked out, None for none.
        patch: that is to be applied to it.
    """
    lock = dvc_path(project_path, env).with_suffix(".lock")
    here = {env: lock.read_text(encoding="utf-8") if lock.exists() else None}
    outputs = {env: output_entries(project_path, env)}
    head, branch = code_version(project_path)[0], current_branch(project_path)
    before = _read(project_path)
    if before and before.commit == head:
        branch, here, outputs = before.branch, here | before.locks, outputs | before.outputs
        patch = patch or bytes.fromhex(before.patch)  # of which this restores nothing but data
    origin = Origin(branch, here, outputs, commit or head, patch.hex())
    with replacing_file(project_path / _NOTE) as partial:
        partial.write_text(json.dumps(asdict(origin)), encoding="utf-8")


def go_back(project_path: Path) -> str:
    """Undo what was restored: code, configuration, locks and data.

    Returns:
        The branch or commit that is checked out again.

    Raises:
        VersioningError: nothing was restored, or git or DVC refuse, lest a change be lost.
    """
    origin = _read(project_path)
    if origin is None:
        raise VersioningError("no run was restored here, so there is no way back to go")
    if code_version(project_path)[0] != origin.commit:
        raise VersioningError(
            f"commit {origin.commit}, which was restored, is not checked out any more: "
            f"`git checkout {origin.branch}` and `dvc checkout` go back"
        )
    for env in origin.locks:
        save_outputs(project_path, env)
    if origin.patch:
        revert_patch(project_path, bytes.fromhex(origin.patch))
    with without_locks(project_path):
        checkout(project_path, origin.branch)
    for env, text in origin.locks.items():
        lock = dvc_path(project_path, env).with_suffix(".lock")
        write_lock(lock, origin.outputs[env])
        checkout_data(project_path, env)
        if text is None:
            lock.unlink()
            continue
        with replacing_file(lock) as partial:
            partial.write_text(text, encoding="utf-8")
    (project_path / _NOTE).unlink()
    return origin.branch


def _read(project_path: Path) -> Origin | None:
    try:
        return Origin(**json.loads((project_path / _NOTE).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
