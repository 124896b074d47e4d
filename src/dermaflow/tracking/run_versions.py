"""What a run says of the state it was made from and left."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlflow import MlflowClient
from mlflow.entities import Run

from dermaflow.tracking.run_description import COMMIT, NONE, UNKNOWN
from dermaflow.tracking.tracker import PATCH, VERSIONS


@dataclass(frozen=True)
class RunVersions:
    """Versions of a run.

    Attributes:
        env: its environment.
        command: that made it.
        commit: of git; None where the run was outside a checkout, or git refused to say.
        patch: of changes that were not committed, for ``git apply``; empty for none.
        entries: stage -> its entry of ``dvc.lock``.
    """

    env: str
    command: str
    commit: str | None
    patch: bytes
    entries: dict[str, dict[str, Any]]


def read_versions(client: MlflowClient, run: Run) -> RunVersions:
    """Read the versions that a run was tagged with and keeps."""
    run_id = run.info.run_id
    tags = run.data.tags
    files = _read_files(client, run_id) if client.list_artifacts(run_id, VERSIONS) else {}
    commit = tags.get(COMMIT, NONE)
    return RunVersions(
        env=tags.get("env", "base"),
        command=tags.get("command", ""),
        commit=None if commit in (NONE, UNKNOWN) else commit,
        patch=files.pop(Path(PATCH).name, b""),
        entries={Path(name).stem: json.loads(content) for name, content in files.items()},
    )


def _read_files(client: MlflowClient, run_id: str) -> dict[str, bytes]:
    with tempfile.TemporaryDirectory() as copy:
        folder = Path(client.download_artifacts(run_id, VERSIONS, copy))
        return {path.name: path.read_bytes() for path in folder.iterdir()}
