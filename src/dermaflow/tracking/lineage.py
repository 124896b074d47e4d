"""What a run says of the state it was made from and left."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlflow import MlflowClient
from mlflow.entities import Run

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
    texts = _read_texts(client, run_id) if client.list_artifacts(run_id, VERSIONS) else {}
    commit = tags.get("mlflow.source.git.commit", "none")
    return RunVersions(
        env=tags.get("env", "base"),
        command=tags.get("command", ""),
        commit=None if commit == "none" else commit,
        patch=texts.pop(Path(PATCH).name, ""),
        entries={Path(name).stem: json.loads(text) for name, text in texts.items()},
    )


def _read_texts(client: MlflowClient, run_id: str) -> dict[str, str]:
    with tempfile.TemporaryDirectory() as copy:
        folder = Path(client.download_artifacts(run_id, VERSIONS, copy))
        return {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}
