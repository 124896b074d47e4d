"""Data of a job whose tasks share no disk: through a DVC remote, by what its MLflow run says."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mlflow import MlflowClient
from mlflow.entities import Run

from dermaflow.errors import VersioningError
from dermaflow.schema import JOB_ID, JOB_REMOTE
from dermaflow.tracking.find_runs import list_runs
from dermaflow.tracking.job_run import JOB_TAG, find_job, job_id
from dermaflow.tracking.mlflow_store import open_store
from dermaflow.tracking.run_versions import read_versions
from dermaflow.tracking.tracking_config import TrackingConfig
from dermaflow.versioning.dvc.remote import fetch, push
from dermaflow.versioning.dvc.stage_file import read_conf_files
from dermaflow.versioning.restore.restore_run import outputs_of, restore_data
from dermaflow.versioning.stages.stage_locks import holding_all

logger = logging.getLogger(__name__)

Entries = dict[str, dict[str, Any]]


@contextmanager
def exchanging(project_path: Path, env: str) -> Iterator[None]:
    """Get the job's data before a run, and bring what the run has made to the remote after it.

    Nothing is done where ``DERMAFLOW_JOB_REMOTE`` is not set. What was made before a failure is
    brought there as well, if the remote takes it: the failure is the error to be heard of.

    Raises:
        VersioningError: the process belongs to no job, or the remote fails.
    """
    remote = os.environ.get(JOB_REMOTE)
    if not remote:
        yield
        return
    job = job_id()
    if job is None:
        raise VersioningError(
            f"{JOB_REMOTE} is set, but {JOB_ID} is not: whose data is it to hold?"
        )
    config = TrackingConfig.read(read_conf_files(project_path, env)).resolve(project_path)
    _get(project_path, env, config, job, remote)
    try:
        yield
    except Exception:
        try:
            _bring(project_path, config, job, remote)
        except Exception as error:
            logger.warning("What ran before is not brought to the remote: %s", error)
            logger.debug("Not brought", exc_info=error)
        raise
    _bring(project_path, config, job, remote)


def _get(project_path: Path, env: str, config: TrackingConfig, job: str, remote: str) -> None:
    """Put in place what the job's stages have made, and what of an earlier run is still missing."""
    open_store(config)
    runs = [run for run in list_runs(MlflowClient(), config.experiment) if _is_of(run, env)]
    own = [run for run in runs if run.data.tags.get(JOB_TAG) == job]
    others = [run for run in runs if run not in own]
    entries: Entries = {}
    for run in (*others[:1], *own[:1]):
        entries |= _entries(run)
    # A volume that outlives the task may hold newer ones.
    lacking = {
        stage: entry
        for stage, entry in entries.items()
        if not any((project_path / out["path"]).exists() for out in entry["outs"])
    }
    if not lacking:
        return
    fetch(project_path, list(outputs_of(lacking).values()), remote)
    with holding_all(project_path, env):
        missing = restore_data(project_path, env, lacking, {})
    outputs = outputs_of(lacking)
    logger.info(
        "%d of %d outputs of earlier stages are here from the job's remote",
        len(outputs) - len(missing),
        len(outputs),
    )


def _bring(project_path: Path, config: TrackingConfig, job: str, remote: str) -> None:
    run = find_job(open_store(config), job)
    if run:  # else nothing has changed
        push(project_path, list(outputs_of(_entries(run)).values()), remote)


def _is_of(run: Run, env: str) -> bool:
    return run.data.tags.get("env") == env and "stages" in run.data.tags


def _entries(run: Run) -> Entries:
    return read_versions(MlflowClient(), run).entries
