"""``conf/<env>/mlflow.yml``, typed."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, PrivateAttr

from dermaflow.errors import TrackingError
from dermaflow.io.redaction import redact
from dermaflow.params.base import Params
from dermaflow.params.check import read_config

SQLITE_PREFIX = "sqlite:///"

# SQLAlchemy takes them for options and for other signs. MLflow reads the same URI without decoding
# it, so that quoting would lead the two to different folders.
_SIGNS_OF_A_URI = re.compile(r"\?|%[0-9A-Fa-f]{2}")


def sqlite_file(uri: str) -> Path:
    """The file that a SQLite URI names."""
    return Path(uri.removeprefix(SQLITE_PREFIX).partition("?")[0])


class TrackingConfig(Params):
    """Where runs are kept.

    Attributes:
        tracking_uri: an MLflow URI; a relative SQLite path is relative to the project.
        artifact_location: folder or URI for a new experiment's artifacts; None leaves the choice
            to MLflow or its server.
        experiment: name of the experiment.
        system_metrics_interval: seconds between two samples; 0 for none.
        log_pictures: whether files that show patients are logged; see ``tracking.pictures``.
    """

    tracking_uri: str
    artifact_location: str | None
    experiment: str
    system_metrics_interval: Annotated[float, Field(ge=0)]
    log_pictures: bool
    _project: Path | None = PrivateAttr(default=None)  # known once the paths are resolved

    @classmethod
    def read(cls, loader: Mapping[str, Any]) -> TrackingConfig:
        """From Kedro's configuration. Raises ParameterError for a wrong or missing key."""
        return read_config(cls, loader, "mlflow")

    @property
    def chosen_uri(self) -> str:
        """``MLFLOW_TRACKING_URI`` where it is set, else the configured one."""
        return os.environ.get("MLFLOW_TRACKING_URI") or self.tracking_uri

    @property
    def shown_uri(self) -> str:
        """The address in use without its secrets, and that of the registry where it is another."""
        registry = os.environ.get("MLFLOW_REGISTRY_URI")
        named = f", registry {registry}" if registry and registry != self.chosen_uri else ""
        return redact(f"{self.chosen_uri}{named}")

    @property
    def database(self) -> Path:
        """The file of a SQLite store."""
        return sqlite_file(self.tracking_uri)

    @property
    def own_folder(self) -> Path | None:
        """The project's root, if database and artifacts are in it: a copy of it has its own."""
        project = self._project
        if project is None or not self.tracking_uri.startswith(SQLITE_PREFIX):
            return None
        places = (self.database.as_uri(), self.artifact_location or "")
        inside = all(place.startswith(f"{project.as_uri()}/") for place in places)
        return project if inside else None

    @property
    def portable_uri(self) -> str:
        """The resolved address without its secrets; of a store that moves along, from the root."""
        if self.own_folder:
            return f"{SQLITE_PREFIX}{self.database.relative_to(self.own_folder).as_posix()}"
        return redact(self.tracking_uri)

    def resolve(self, project_path: Path, chosen: str | None = None) -> TrackingConfig:
        """The same with absolute paths, and with ``MLFLOW_TRACKING_URI`` in force where it is set.

        A server stores artifacts itself, so the local folder is dropped unless a database is named.

        Args:
            project_path: root of the project.
            chosen: an address to use whatever the variable says.

        Raises:
            TrackingError: no URI can name a database in the project's folder.
        """
        uri = chosen or self.chosen_uri
        location = self.artifact_location
        if uri.startswith(SQLITE_PREFIX):
            database = project_path / sqlite_file(uri)
            if _SIGNS_OF_A_URI.search(str(database)):
                raise TrackingError(
                    f"{database}: no SQLite URI can name a path with ? or with % and two digits: "
                    "move or rename the folder"
                )
            uri = f"{SQLITE_PREFIX}{project_path / uri.removeprefix(SQLITE_PREFIX)}"
            if location and "://" not in location:
                location = (project_path / location).as_uri()
        elif uri != self.tracking_uri:
            location = None
        resolved = self.model_copy(update={"tracking_uri": uri, "artifact_location": location})
        resolved._project = self._project or project_path
        return resolved
