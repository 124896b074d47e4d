"""One MLflow run for a job whose stages are processes that know nothing of one another.

An engine such as Kubeflow or Airflow starts each stage on its own, perhaps on another machine. It
gives all of them one ``DERMAFLOW_JOB_ID``: they log to the run that has it as a tag, and leave the
run open, for only the engine knows when the job ends.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Mapping

from mlflow import MlflowClient
from mlflow.entities import Run
from mlflow.utils.mlflow_tags import MLFLOW_RUN_NAME

from dermaflow.errors import TrackingError
from dermaflow.schema import JOB_ID
from dermaflow.tracking.killed_run import nested_runs
from dermaflow.tracking.long_values import cut_tags
from dermaflow.tracking.mlflow_store import open_store
from dermaflow.tracking.run_description import describe_run
from dermaflow.tracking.tracking_config import TrackingConfig

JOB_TAG = "job"
_ID = re.compile(r"[\w.:+/@-]{1,250}")
_NOTE = "mlflow.note.content"  # what MLflow shows as the run's description
_OPEN = ("RUNNING", "SCHEDULED")


def job_id() -> str | None:
    """The job that this process belongs to; None for a run of its own.

    Raises:
        TrackingError: its id has signs by which MLflow cannot search.
    """
    job = os.environ.get(JOB_ID) or None
    if job and not _ID.fullmatch(job):
        raise TrackingError(f"{JOB_ID}: {job!r} is no id: letters, digits and any of . _ : + / @ -")
    return job


def join_job(experiment: str, job: str, name: str, tags: Mapping[str, str]) -> str:
    """The id of the job's run, which is opened where there is none.

    Two stages that are the first at once would open two: an engine that starts several together
    opens the run before.

    Args:
        experiment: id of the experiment.
        job: id of the job.
        name: of a new run.
        tags: of a new run.

    Raises:
        TrackingError: the job has ended.
    """
    found = find_job(experiment, job)
    if found is None:
        named = {**tags, JOB_TAG: job, MLFLOW_RUN_NAME: name}
        run_id: str = MlflowClient().create_run(experiment, tags=cut_tags(named)[0]).info.run_id
        return run_id
    if found.info.status not in _OPEN:
        raise TrackingError(
            f"{JOB_ID}: the run of job {job} has ended ({found.info.run_id}, {found.info.status}), "
            "and would get other figures: each job needs an id of its own"
        )
    return str(found.info.run_id)


def find_job(experiment: str, job: str) -> Run | None:
    """The run of a job; of several the oldest."""
    found = MlflowClient().search_runs(
        [experiment],
        f"tags.{JOB_TAG} = '{job}'",
        max_results=1,
        order_by=["attributes.start_time ASC"],
    )
    return found[0] if found else None


def open_job(
    config: TrackingConfig, env: str, job: str, tags: Mapping[str, str], parameters: str = ""
) -> str:
    """Open the run of a job, before its stages begin; a second call finds the same.

    Args:
        config: resolved.
        env: the environment.
        job: id of the job.
        tags: where the run comes from.
        parameters: of ``--params``, with which the stages run.

    Returns:
        The id of the run.

    Raises:
        TrackingError: the store cannot be used, or the job has ended.
    """
    words = ["kedro", "run", "--env", env, *(["--params", parameters] if parameters else [])]
    all_tags = {**tags, "command": shlex.join(words)}
    return join_job(open_store(config), job, f"{env}: job {job}", all_tags)


def close_job(config: TrackingConfig, job: str, succeeded: bool) -> str:
    """End the run of a job. One in which nothing changed is not kept.

    Args:
        config: resolved.
        job: id of the job.
        succeeded: whether all of its stages did.

    Returns:
        What became of the run, for people.

    Raises:
        TrackingError: the store cannot be used.
    """
    run = find_job(open_store(config), job)
    if run is None:
        return f"job {job} has no run"
    run_id, client = run.info.run_id, MlflowClient()
    if run.info.status not in _OPEN:
        return f"run {run_id} has ended already ({run.info.status})"
    parts = nested_runs(client, run_id)
    if succeeded and "stages" not in run.data.tags and not parts:
        client.delete_run(run_id)
        return f"run {run_id}: nothing changed, so it is not kept"
    if succeeded and "error" in run.data.tags:  # of a try before the one that succeeded
        client.delete_tag(run_id, "error")
    if not succeeded and "error" not in run.data.tags:
        client.set_tag(run_id, "error", "a task was killed, or failed early: see its log")
    for part in parts:
        if part.info.status in _OPEN:  # its process was killed outright
            client.set_terminated(part.info.run_id, "KILLED")
    status = "FINISHED" if succeeded else "FAILED"
    data = client.get_run(run_id).data
    note, _ = cut_tags({_NOTE: describe_run(data.tags, data.metrics)})
    client.set_tag(run_id, _NOTE, note[_NOTE])
    client.set_terminated(run_id, status)
    return f"run {run_id}: {status}"
