"""The notes of open runs, by which the next process knows of those that were killed.

Each open run has a file of its own in one folder, which its process keeps locked. The system drops
the lock when the process ends, however it ends, and other containers and hosts that share the
folder see it, too; a process id would mean nothing to them.
"""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path
from typing import Any

from mlflow import MlflowClient
from mlflow.entities import Run
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import RESOURCE_DOES_NOT_EXIST, ErrorCode
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

from dermaflow.io.atomic_files import replacing_file
from dermaflow.io.file_lock import lock_file, locked
from dermaflow.io.redaction import redact

logger = logging.getLogger(__name__)

RESUMED = "resumed"  # tag: how often the run went on after it was killed
KEPT = 50  # notes of killed runs, the newest, in which another run may still go on
_STOPPED = ("RUNNING", "KILLED")  # without and with a chance to say so


class RunMarker:
    """The note of a run that this process has open.

    Args:
        folder: of the notes; made if it is not there.
        run_id: of the run.
        tracking_uri: of its store.
        does: digest of what the run is to do; None for one that never goes on.
    """

    def __init__(self, folder: Path, run_id: str, tracking_uri: str, does: str | None) -> None:
        self.run_id = run_id
        self._file = folder / f"{run_id}.json"
        content = {
            "tracking_uri": redact(tracking_uri),
            "does": does,
            "pid": os.getpid(),
            "file": str(self._file.absolute()),
        }
        with replacing_file(self._file) as partial:
            partial.write_text(json.dumps({"run_id": run_id, **content}), encoding="utf-8")
            # Before anyone can see it.
            lock = lock_file(partial)
        assert lock is not None
        self._lock = lock
        _held.add(lock)

    def close(self, keep: bool) -> None:
        """Let go of the run, and leave its note to the next process or not."""
        if not keep:
            self._file.unlink(missing_ok=True)
        if self._lock in _held:
            _held.remove(self._lock)
            os.close(self._lock)


_held: set[int] = set()


def _close_in_child() -> None:
    """A worker that outlives its killed parent must not keep the run's lock."""
    while _held:
        os.close(_held.pop())


os.register_at_fork(after_in_child=_close_in_child)


def settle_killed_runs(
    folder: Path, tracking_uri: str, does: str | None, experiment: str
) -> RunMarker | None:
    """See to the runs of processes that were killed. Others that start meanwhile wait.

    Args:
        folder: of the notes.
        tracking_uri: of the store in use; runs of others are left alone.
        does: digest of what a new run is to do; None to go on in none.
        experiment: id of the one in use; a run of another cannot go on.

    Returns:
        The note of the latest that was to do the same, which now is this process's and can go on;
        None where there is none. All others are marked as killed.
    """
    if not folder.is_dir():
        return None
    claimed, settled = None, 0
    with locked(folder / "settling.lock"):
        for file in sorted(folder.glob("*.json"), key=_written, reverse=True):
            left = _read_dead(file)
            if left is None or left["tracking_uri"] != redact(tracking_uri):
                continue
            same = does is not None and left["does"] == does
            try:
                if same and claimed is None and _resume(left["run_id"], experiment):
                    claimed = RunMarker(folder, left["run_id"], tracking_uri, does)
                    continue
                goes_on = _settle(left) and left["does"] is not None and not same
            except MlflowException as error:
                logger.debug("Run %s cannot be settled now", left["run_id"], exc_info=error)
                continue
            settled += goes_on
            if not goes_on or settled > KEPT:
                file.unlink(missing_ok=True)
    return claimed


def nested_runs(client: MlflowClient, parent: str) -> list[Run]:
    """Runs below one that are not deleted."""
    experiment = client.get_run(parent).info.experiment_id
    below = f"tags.`{MLFLOW_PARENT_RUN_ID}` = '{parent}'"
    return list(client.search_runs([experiment], below, max_results=1000))


def _written(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except OSError:  # its run has just ended
        return 0


def _read_dead(file: Path) -> dict[str, Any] | None:
    """What a note says whose process is gone; None for others and for damaged ones."""
    try:
        lock = lock_file(file)
        if lock is None:
            return None
        os.close(lock)  # nobody else settles meanwhile, and no process takes up another's note
        left = json.loads(file.read_text(encoding="utf-8"))
        facts = {key: left[key] for key in ("run_id", "tracking_uri", "does", "pid")}
        written = Path(left["file"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    # Of a project that was copied, the original's process may be alive.
    is_copy = written.exists() and not written.samefile(file)
    return facts if isinstance(facts["run_id"], str) and not is_copy else None


def _stopped(run_id: str) -> Run | None:
    """The run, if it is there and has not ended by itself."""
    try:
        run = MlflowClient().get_run(run_id)
    except MlflowException as error:
        if error.error_code == ErrorCode.Name(RESOURCE_DOES_NOT_EXIST):
            return None
        raise
    stopped = run.info.lifecycle_stage == "active" and run.info.status in _STOPPED
    return run if stopped else None


def _resume(run_id: str, experiment: str) -> bool:
    """Take back what a run said of its end, if it can go on."""
    client, run = MlflowClient(), _stopped(run_id)
    if run is None or run.info.experiment_id != experiment:
        return False
    if "error" in run.data.tags:
        client.delete_tag(run_id, "error")
    client.set_tag(run_id, RESUMED, str(int(run.data.tags.get(RESUMED, 0)) + 1))
    return True


def _settle(left: dict[str, Any]) -> bool:
    """Mark a run, and what is nested in it, as killed; whether it can still go on."""
    client, run = MlflowClient(), _stopped(left["run_id"])
    if run is None:
        return False
    if run.info.status == "RUNNING":
        client.set_tag(run.info.run_id, "error", f"process {left['pid']} was killed")
        nested = nested_runs(client, run.info.run_id)
        for stopped in (*(one for one in nested if one.info.status == "RUNNING"), run):
            client.set_terminated(stopped.info.run_id, "KILLED")
    return True
