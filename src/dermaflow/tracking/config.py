"""``conf/<env>/mlflow.yml``, typed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

from pydantic import Field

from dermaflow.params import Params

SQLITE_PREFIX = "sqlite:///"


class TrackingConfig(Params):
    """Where runs are kept.

    Attributes:
        tracking_uri: an MLflow URI; a relative SQLite path is relative to the project.
        artifact_location: folder or URI for a new experiment's artifacts; None leaves the choice
            to MLflow or its server.
        experiment: name of the experiment.
        system_metrics_interval: seconds between two samples; 0 for none.
    """

    tracking_uri: str
    artifact_location: str | None
    experiment: str
    system_metrics_interval: Annotated[float, Field(ge=0)]

    def resolve(self, project_path: Path) -> TrackingConfig:
        """The same with absolute paths, and with ``MLFLOW_TRACKING_URI`` in force where it is set.

        A server named by the variable stores artifacts itself, so the local folder is dropped then.
        """
        server = os.environ.get("MLFLOW_TRACKING_URI")
        if server:
            return self.model_copy(update={"tracking_uri": server, "artifact_location": None})
        updates = {}
        if self.tracking_uri.startswith(SQLITE_PREFIX):
            database = project_path / self.tracking_uri.removeprefix(SQLITE_PREFIX)
            updates["tracking_uri"] = f"{SQLITE_PREFIX}{database}"
        if self.artifact_location and "://" not in self.artifact_location:
            updates["artifact_location"] = (project_path / self.artifact_location).as_uri()
        return self.model_copy(update=updates)
