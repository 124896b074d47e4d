"""Nested MLflow runs: parts of a run, such as the folds of a cross-validation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from mlflow import MlflowClient
from mlflow.entities import Param, Run, RunTag
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

from dermaflow.tracking.killed_run import RESUMED, nested_runs
from dermaflow.tracking.long_values import cut_key, cut_parameters, cut_tags
from dermaflow.tracking.outage import unheard
from dermaflow.tracking.run_description import COMMIT, DIRTY
from dermaflow.tracking.tracked_run import PARAMETERS_A_BATCH, flatten

# Of the parent, by which the UI sorts and filters.
_INHERITED = (
    "env",
    DIRTY,
    COMMIT,
    "mlflow.source.name",
    "mlflow.source.type",
    "mlflow.user",
)


@contextmanager
def nested_run(
    client: MlflowClient,
    parent: str,
    name: str,
    parameters: Mapping[str, Any],
    tags: Mapping[str, str],
) -> Iterator[str]:
    """Open the nested run of a name, a new one where the parent has none; closed with its status.

    One that is finished takes more figures and stays finished.

    Args:
        client: of the store.
        parent: id of the run above it.
        name: unique below the parent.
        parameters: nested; those that the run has already stay as they are.
        tags: set on the run.

    Yields:
        Its id.
    """
    named = (run for run in nested_runs(client, parent) if run.info.run_name == name)
    found = next(named, None)
    run = found or _create(client, parent, name)
    run_id = run.info.run_id
    if found and run.info.status != "FINISHED":
        times = int(run.data.tags.get(RESUMED, 0)) + 1
        tags = {**tags, RESUMED: str(times)}
        client.update_run(run_id, "RUNNING")
    _tell(client, run, parameters, tags)
    try:
        yield run_id
    except BaseException as error:
        with unheard(f"The end of {name}"):
            client.set_terminated(run_id, "FAILED" if isinstance(error, Exception) else "KILLED")
        raise
    if run.info.status != "FINISHED":
        client.set_terminated(run_id, "FINISHED")


def _tell(
    client: MlflowClient, run: Run, parameters: Mapping[str, Any], tags: Mapping[str, str]
) -> None:
    """Set tags, and log the parameters that the run does not have yet."""
    run_id = run.info.run_id
    shown, whole = cut_tags(tags)
    client.log_batch(run_id, tags=[RunTag(key, value) for key, value in shown.items()])
    leaves = flatten(parameters)
    new = {key: leaves[key] for key in leaves if cut_key(key) not in run.data.params}
    cut, whole_new = cut_parameters(new)
    params = [Param(key, value) for key, value in cut.items()]
    for start in range(0, len(params), PARAMETERS_A_BATCH):
        client.log_batch(run_id, params=params[start : start + PARAMETERS_A_BATCH])
    for path, content in (whole | whole_new).items():
        client.log_text(run_id, content, path)


def _create(client: MlflowClient, parent: str, name: str) -> Run:
    above = client.get_run(parent)
    inherited = {key: above.data.tags[key] for key in _INHERITED if key in above.data.tags}
    return client.create_run(
        above.info.experiment_id, run_name=name, tags=inherited | {MLFLOW_PARENT_RUN_ID: parent}
    )
