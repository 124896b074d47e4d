"""Versions of the registered model, and what is known of them."""

from __future__ import annotations

from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import RESOURCE_DOES_NOT_EXIST, ErrorCode

from dermaflow.errors import RegistryError, RunLookupError
from dermaflow.tracking.find_runs import existing_store
from dermaflow.tracking.tracking_config import TrackingConfig


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


def _require_absent(error: MlflowException) -> None:
    """Pass on every error but that something does not exist."""
    if error.error_code != ErrorCode.Name(RESOURCE_DOES_NOT_EXIST):
        raise error
