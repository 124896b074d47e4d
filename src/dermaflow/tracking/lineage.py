"""What a run says of the state it was made from and left."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlflow import MlflowClient
from mlflow.entities import Run

from dermaflow.tracking.runs import read_artifact
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


def read_versions(client: MlflowClient, run: Run) -> RunVersions:
    """Read the versions that a run was tagged with and keeps."""
    run_id = run.info.run_id
    tags = run.data.tags
    texts: dict[str, str] = {}
    for item in client.list_artifacts(run_id, VERSIONS):
        texts[item.path] = read_artifact(client, run_id, item.path, Path.read_text) or ""
    commit = tags.get("mlflow.source.git.commit", "none")
    return RunVersions(
        env=tags.get("env", "base"),
        command=tags.get("command", ""),
        commit=None if commit == "none" else commit,
        patch=texts.pop(PATCH, ""),
        entries={Path(path).stem: json.loads(text) for path, text in texts.items()},
    )
