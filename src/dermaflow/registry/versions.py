"""Versions of the registered model, and what is known of them."""

from __future__ import annotations

import json
from typing import Any

from mlflow import MlflowClient
from mlflow.entities import Run
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import RESOURCE_DOES_NOT_EXIST, ErrorCode

from dermaflow.errors import RegistryError, RunLookupError
from dermaflow.registry.gates import Facts
from dermaflow.tracking.find_runs import existing_store
from dermaflow.tracking.metric_names import read_scores
from dermaflow.tracking.metrics_digest import METRICS_RUN_TAG
from dermaflow.tracking.run_reports import SPLIT_REPORT, read_data_version, read_report
from dermaflow.tracking.tracking_config import TrackingConfig

VALIDATION_REPORT = "validation/validation_report.json"


def open_registry(config: TrackingConfig) -> MlflowClient:
    """A client of the registry that ``config`` (resolved) names. Raises RegistryError for none."""
    try:
        return existing_store(config)
    except RunLookupError as error:
        raise RegistryError(str(error)) from error


def find_version(client: MlflowClient, name: str, number: int | str) -> ModelVersion:
    """A version of a registered model.

    Raises:
        RegistryError: there is no such model or version.
    """
    try:
        return client.get_model_version(name, str(number))
    except MlflowException as error:
        _require_absent(error)
        has = ", ".join(str(v.version) for v in list_versions(client, name)) or "none"
        raise RegistryError(
            f"model {name!r} has no version {number}; its versions: {has} "
            "(`kedro run --pipelines register` makes the next)"
        ) from error


def list_versions(client: MlflowClient, name: str) -> list[ModelVersion]:
    """All versions of a model, the oldest first; none of a model that is not registered."""
    found: list[ModelVersion] = []
    token = None
    while True:
        page = client.search_model_versions(
            f"name = '{name}'", order_by=["version_number ASC"], page_token=token
        )
        found += page
        token = page.token
        if not token:
            return found


def read_facts(client: MlflowClient, version: ModelVersion) -> Facts:
    """What the run that made the version's figures says: the one its tag names, else its own."""
    run_id = version.tags.get(METRICS_RUN_TAG) or version.run_id or None
    version_data = version.tags.get("data_version")
    try:
        run = client.get_run(run_id) if run_id else None
    except MlflowException as error:
        _require_absent(error)
        run = None
    if run is None or run.info.lifecycle_stage != "active":  # whoever deleted it took it back
        return Facts(run_id, {}, version_data=version_data)
    split = read_report(client, run.info.run_id, SPLIT_REPORT) or {}
    validation = read_report(client, run.info.run_id, VALIDATION_REPORT) or {}
    crossing, broken = split.get("groups_across_splits"), validation.get("broken")
    return Facts(
        run_id=run_id,
        scores=read_scores(run.data.metrics, "test"),
        groups_across_splits=crossing if isinstance(crossing, int) else None,
        broken=len(broken) if isinstance(broken, list) else None,
        version_data=version_data,
        run_data=read_data_version(client, run),
        env=run.data.tags.get("env"),
        confidence=_number(run, "evaluate.confidence"),
        resamples=_number(run, "evaluate.bootstrap_samples"),
    )


def _number(run: Run, parameter: str) -> Any:
    """A parameter that the run logged, as a number; None where it logged none."""
    text = run.data.params.get(parameter)
    return None if text is None else json.loads(text)


def _require_absent(error: MlflowException) -> None:
    """Pass on every error but that something does not exist."""
    if error.error_code != ErrorCode.Name(RESOURCE_DOES_NOT_EXIST):
        raise error
