"""The note of a run that is open, by which the next process knows of one that was killed."""

from __future__ import annotations

import json
from pathlib import Path

import psutil
from mlflow import MlflowClient
from mlflow.entities import Run
from mlflow.exceptions import MlflowException
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

from dermaflow.io.atomic_files import replacing_file

RESUMED = "resumed"  # tag: how often the run went on after it was killed
_STOPPED = ("RUNNING", "KILLED")  # without and with a chance to say so


def write_marker(marker: Path, run_id: str, tracking_uri: str, does: str | None) -> None:
    """Note that this process has a run open."""
    process = psutil.Process()
    content = {
        "run_id": run_id,
        "tracking_uri": tracking_uri,
        "does": does,
        "pid": process.pid,
        "started": process.create_time(),
    }
    with replacing_file(marker) as partial:
        partial.write_text(json.dumps(content))


def settle_killed_run(marker: Path, tracking_uri: str, does: str | None) -> str | None:
    """See to the run of a process that was killed, if there is one.

    Returns:
        Its id if it was to do what ``does`` is a digest of, so that it can go on; else None, and
        the run is marked as killed.
    """
    try:
        left = json.loads(marker.read_text())
        if left["tracking_uri"] != tracking_uri or _lives(left["pid"], left["started"]):
            return None
        client = MlflowClient()
        run = client.get_run(left["run_id"])
        if run.info.lifecycle_stage != "active" or run.info.status not in _STOPPED:
            return None
        if does is not None and left.get("does") == does:
            _prepare(client, run)
            return str(run.info.run_id)
        if run.info.status == "RUNNING":
            client.set_tag(run.info.run_id, "error", f"process {left['pid']} was killed")
            _end(client, run)
    except (OSError, ValueError, KeyError, TypeError, MlflowException):
        pass  # no marker, a damaged one, or a run that was deleted
    return None


def _end(client: MlflowClient, run: Run) -> None:
    """Mark a run and what is nested in it as killed."""
    nested = nested_runs(client, run.info.run_id)
    for stopped in (*(one for one in nested if one.info.status == "RUNNING"), run):
        client.set_terminated(stopped.info.run_id, "KILLED")


def nested_runs(client: MlflowClient, parent: str) -> list[Run]:
    """Runs below one that are not deleted."""
    experiment = client.get_run(parent).info.experiment_id
    below = f"tags.`{MLFLOW_PARENT_RUN_ID}` = '{parent}'"
    return list(client.search_runs([experiment], below, max_results=1000))


def _prepare(client: MlflowClient, run: Run) -> None:
    """Take back what the run said of its end."""
    if "error" in run.data.tags:
        client.delete_tag(run.info.run_id, "error")
    client.set_tag(run.info.run_id, RESUMED, str(int(run.data.tags.get(RESUMED, 0)) + 1))


def _lives(pid: int, started: float) -> bool:
    """Whether a process still runs; its number may be another's by now, as 1 is in containers."""
    try:
        process = psutil.Process(pid)
        # A process that was killed stays a zombie until its parent asks, which some never do.
        lives = process.status() != psutil.STATUS_ZOMBIE
        return bool(lives and process.create_time() == started)
    except psutil.NoSuchProcess:
        return False
