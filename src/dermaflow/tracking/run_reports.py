"""What a finished run left in MLflow: its data version and its reports."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import TypeVar

from mlflow import MlflowClient
from mlflow.entities import Run

T = TypeVar("T")

SPLIT_REPORT = "validation/split_report.json"


def read_data_version(client: MlflowClient, run: Run) -> str | None:
    """The run's tag ``data_version``, else what its split report says, else None."""
    report = read_report(client, run.info.run_id, SPLIT_REPORT) or {}
    version = run.data.tags.get("data_version") or report.get("data_version")
    return str(version) if version else None


def read_report(client: MlflowClient, run_id: str, path: str) -> dict[str, object] | None:
    """A JSON object among a run's artifacts; None where there is none that can be read."""
    try:
        report = read_artifact(
            client, run_id, path, lambda file: json.loads(file.read_text(encoding="utf-8"))
        )
    except ValueError:
        return None
    return report if isinstance(report, dict) else None


def read_artifact(
    client: MlflowClient, run_id: str, path: str, read: Callable[[Path], T]
) -> T | None:
    """What ``read`` makes of an artifact's local copy, or None where the run has no such artifact.

    Errors of ``read`` pass through.
    """
    folder = str(PurePosixPath(path).parent)
    if path not in {item.path for item in client.list_artifacts(run_id, folder)}:
        return None
    with tempfile.TemporaryDirectory() as copy:
        return read(Path(client.download_artifacts(run_id, path, copy)))
