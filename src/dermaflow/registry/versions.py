"""Versions of the registered model: the record of a promotion, and the alias."""

from __future__ import annotations

import getpass
from collections.abc import Sequence
from datetime import UTC, datetime

from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import RESOURCE_DOES_NOT_EXIST, ErrorCode

from dermaflow.errors import RegistryError, RunLookupError
from dermaflow.registry.gates import Check
from dermaflow.tracking.find_runs import existing_store
from dermaflow.tracking.tracking_config import TrackingConfig

TAGS = "promotion."


def open_registry(config: TrackingConfig) -> MlflowClient:
    """A client of the registry that ``config`` (resolved) names. Raises RegistryError for none."""
    try:
        return existing_store(config)
    except RunLookupError as error:
        raise RegistryError(str(error)) from error


def find_version(client: MlflowClient, name: str, number: int) -> ModelVersion:
    """A version of a registered model.

    Raises:
        RegistryError: there is no such model or version.
    """
    try:
        return client.get_model_version(name, str(number))
    except MlflowException as error:
        _require_absent(error)
        known = [int(v.version) for v in client.search_model_versions(f"name = '{name}'")]
        has = ", ".join(map(str, sorted(known))) or "none"
        raise RegistryError(
            f"model {name!r} has no version {number}; its versions: {has} "
            "(`kedro run --pipelines register` makes the next)"
        ) from error


def alias_holder(client: MlflowClient, name: str, alias: str) -> str | None:
    """The version that has an alias now, or None."""
    holder = client.get_registered_model(name).aliases.get(alias)
    return None if holder is None else str(holder)


def record_decision(
    client: MlflowClient,
    version: ModelVersion,
    run_id: str,
    checks: Sequence[Check],
    decision: str,
) -> None:
    """Write a decision and its figures to the version's tags, in place of an earlier one's."""
    tags = {check.name: check.found for check in checks} | {
        "decision": decision,
        "run_id": run_id,
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    user = _user()
    if user:
        tags["by"] = user
    for key in version.tags:
        if key.startswith(TAGS) and key.removeprefix(TAGS) not in tags:
            client.delete_model_version_tag(version.name, version.version, key)
    for key, value in tags.items():
        client.set_model_version_tag(version.name, version.version, f"{TAGS}{key}", value)


def _user() -> str | None:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container's user may have no name
        return None


def _require_absent(error: MlflowException) -> None:
    """Pass on every error but that something does not exist."""
    if error.error_code != ErrorCode.Name(RESOURCE_DOES_NOT_EXIST):
        raise error
