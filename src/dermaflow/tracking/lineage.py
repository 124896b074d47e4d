"""What a run says of the state it was made from and left."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mlflow
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from dermaflow.errors import VersioningError
from dermaflow.tracking.config import TrackingConfig
from dermaflow.tracking.tracker import PATCH, VERSIONS


@dataclass(frozen=True)
class RunVersions:
    """Versions of a run.

    Attributes:
        env: its environment.
        command: that made it.
        commit: of git; None where the run was outside a checkout.
        patch: of changes that were not committed; empty for none.
        entries: stage -> its entry of ``dvc.lock``.
    """

    env: str
    command: str
    commit: str | None
    patch: str
    entries: dict[str, dict[str, Any]]


def read_versions(config: TrackingConfig, run_id: str) -> RunVersions:
    """Read the versions of a run. Raises VersioningError where there is no such run."""
    mlflow.set_tracking_uri(config.tracking_uri)
    client = MlflowClient()
    try:
        tags = client.get_run(run_id).data.tags
        artifacts = [item.path for item in client.list_artifacts(run_id, VERSIONS)]
    except MlflowException as error:
        raise VersioningError(f"{config.tracking_uri} has no run {run_id}") from error
    texts = {path: mlflow.artifacts.load_text(f"runs:/{run_id}/{path}") for path in artifacts}
    commit = tags.get("mlflow.source.git.commit", "none")
    return RunVersions(
        env=tags.get("env", "base"),
        command=tags.get("command", ""),
        commit=None if commit == "none" else commit,
        patch=texts.pop(PATCH, ""),
        entries={Path(path).stem: json.loads(text) for path, text in texts.items()},
    )
