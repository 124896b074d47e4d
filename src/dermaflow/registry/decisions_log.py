"""The log of decisions on a model: an MLflow experiment with a run for each, never changed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, get_args

from mlflow import MlflowClient
from mlflow.entities import Param, Run
from mlflow.exceptions import MlflowException

from dermaflow.errors import RegistryError
from dermaflow.io.text import one_line
from dermaflow.registry.alias_decisions import Decision, Kind, Recorded
from dermaflow.registry.aliases import name_holder
from dermaflow.registry.gates import Check
from dermaflow.tracking.long_values import PARAMETER_LENGTH
from dermaflow.tracking.tracking_config import TrackingConfig

_NONE = "none"  # holder of an alias that no version has
_KINDS = get_args(Kind)
_TEXTS = ("approver", "reason", "digest", "data_version", "metrics_run", "test_set")
_CHECK = "check/"  # begins the parameter of a check; its value begins with one of the next two
_PASSED, _FAILED = "passed:", "failed:"
_NO_SIGN_OF_A_NAME = re.compile(r"[^/\w.\- :]")  # MLflow's rule
_PARAMETERS_A_BATCH = 100  # MLflow's limit


def log_name(model: str) -> str:
    """Name of the experiment that holds a model's decisions."""
    return f"{model}-decisions"


@contextmanager
def recording(client: MlflowClient, config: TrackingConfig, decision: Decision) -> Iterator[str]:
    """Append a decision to the log, and carry it out in the block.

    The run is open meanwhile: what was cut short can be told from what was done.

    Args:
        client: of the store.
        config: of the store.
        decision: to record.

    Yields:
        Id of its run, which is FAILED if the block raises.

    Raises:
        RegistryError: the log was deleted.
    """
    tags = {"mlflow.user": decision.by, "mlflow.note.content": _describe(decision)}
    name = f"version {decision.version} {decision.summary}"
    run = client.create_run(_open_log(client, config, decision.model), tags=tags, run_name=name)
    run_id = str(run.info.run_id)
    try:
        parameters = [Param(*pair) for pair in _to_parameters(decision).items()]
        for start in range(0, len(parameters), _PARAMETERS_A_BATCH):
            client.log_batch(run_id, params=parameters[start : start + _PARAMETERS_A_BATCH])
        yield run_id
    except BaseException:
        client.set_terminated(run_id, "FAILED")
        raise
    client.set_terminated(run_id, "FINISHED")


def read_decisions(client: MlflowClient, model: str) -> list[Recorded]:
    """All decisions on a model, the oldest first."""
    experiment = client.get_experiment_by_name(log_name(model))
    found: list[Recorded] = []
    token = None
    while experiment is not None:
        page = client.search_runs(
            [experiment.experiment_id], order_by=["attributes.start_time ASC"], page_token=token
        )
        found += (_from_run(run) for run in page if run.data.params.get("decision") in _KINDS)
        token = page.token
        if not token:
            break
    return found


def _open_log(client: MlflowClient, config: TrackingConfig, model: str) -> str:
    """Id of the experiment; it is made where there is none."""
    name = log_name(model)
    if client.get_experiment_by_name(name) is None:
        # The kind decides whether the UI opens with runs, or with prompts.
        kind = {"mlflow.experimentKind": "custom_model_development"}
        try:
            client.create_experiment(name, config.artifact_location, kind)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise  # else another host was faster
    experiment = client.get_experiment_by_name(name)
    assert experiment is not None
    if experiment.lifecycle_stage != "active":
        raise RegistryError(
            f"the experiment {name!r}, which holds the decisions on {model}, was deleted: "
            f"`mlflow experiments restore -x {experiment.experiment_id}` brings it back"
        )
    return str(experiment.experiment_id)


def _describe(decision: Decision) -> str:
    """For the run's page in MLflow's UI."""
    before = name_holder(decision.holder_before)
    approved = f" Approved by {decision.approver}." if decision.approver else ""
    reason = f" Reason: {decision.reason}." if decision.reason else ""
    return (
        f"Version {decision.version} of {decision.model}: {decision.summary}. "
        f"Before, {before} had the alias.{approved}{reason}"
    )


def _to_parameters(decision: Decision) -> dict[str, str]:
    """Parameters, as MLflow lets nobody change them: ``decision``, the facts, and each check."""
    texts = {name: getattr(decision, name) for name in _TEXTS}
    named = {
        "decision": decision.kind,
        "model": decision.model,
        "version": decision.version,
        "alias": decision.alias,
        "holder_before": decision.holder_before or _NONE,
        "environment": decision.environment,
        "by": decision.by,
        **{name: text for name, text in texts.items() if text},
    }
    checks = {
        f"{_CHECK}{_NO_SIGN_OF_A_NAME.sub('_', one.name)}": (
            f"{_PASSED if one.passed else _FAILED} {one.found}"
        )
        for one in decision.checks
    }
    return {name: one_line(text, PARAMETER_LENGTH) for name, text in (named | checks).items()}


def _from_run(run: Run) -> Recorded:
    said: dict[str, Any] = dict(run.data.params)
    before = said["holder_before"]
    checks = (
        Check(name.removeprefix(_CHECK), text.startswith(_PASSED), text[len(_PASSED) + 1 :])
        for name, text in sorted(said.items())
        if name.startswith(_CHECK)
    )
    decision = Decision(
        kind=said["decision"],
        holder_before=None if before == _NONE else before,
        checks=tuple(checks),
        **{name: said[name] for name in ("model", "version", "alias", "environment", "by")},
        **{name: said.get(name, "") for name in _TEXTS},
    )
    time = datetime.fromtimestamp(run.info.start_time / 1000, UTC)
    return Recorded(decision, run.info.run_id, time, run.info.status == "FINISHED")
