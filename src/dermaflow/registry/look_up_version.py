"""Whether a version is in MLflow's registry, asked without importing MLflow, which takes seconds.

It is asked in each run, also in one that finds nothing to do.
"""

from __future__ import annotations

import json
import os
import sqlite3
import urllib.error
import urllib.parse
import urllib.request
from contextlib import closing
from http.client import HTTPException
from pathlib import Path

from dermaflow.errors import TrackingError
from dermaflow.io.redaction import redact
from dermaflow.io.text import one_line
from dermaflow.tracking.tracking_config import SQLITE_PREFIX, TrackingConfig, sqlite_file

_SECONDS = 10
_SHOWN = 300  # characters of another's error
_DELETED = "Deleted_Internal"  # MLflow keeps the row of a deleted version, in this stage
_ABSENT = "RESOURCE_DOES_NOT_EXIST"


def is_registered(config: TrackingConfig, registration: Path) -> bool:
    """Whether the registry holds the version that the register stage says it made.

    In a local store its files must be there as well, without which it cannot be loaded.

    Args:
        config: resolved; see ``TrackingConfig.resolve``.
        registration: the stage's output.

    Raises:
        TrackingError: the registry does not answer.
    """
    said = json.loads(registration.read_text(encoding="utf-8"))
    name, version = said["name"], said["version"]
    uri = os.environ.get("MLFLOW_REGISTRY_URI") or config.tracking_uri
    if uri.startswith(SQLITE_PREFIX):
        place = _place_in_database(sqlite_file(uri), name, version)
        return place is not None and _is_there(place, config)
    answer = _ask_server(uri, name, version) if uri.startswith(("http://", "https://")) else None
    return _ask_by_mlflow(uri, name, version) if answer is None else answer


def _place_in_database(path: Path, name: str, version: str) -> str | None:
    """Where a version's files are, as the database says; None where it holds no such version."""
    if not path.is_file():
        return None
    query = (
        "SELECT coalesce(storage_location, source) FROM model_versions "
        "WHERE name = ? AND version = ? AND current_stage != ?"
    )
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as database:
            found = database.execute(query, (name, int(version), _DELETED)).fetchone()
        return found and str(found[0])
    except sqlite3.DatabaseError as error:
        if "no such table" in str(error):
            return None
        raise TrackingError(f"{path}: {error}") from error


def _is_there(place: str, config: TrackingConfig) -> bool:
    """Whether a version's files are there; of a place that is no folder here, nothing is known.

    In a project that was moved the database still names the old folder until something is logged.
    """
    address = urllib.parse.urlsplit(place)
    if address.scheme != "file":
        return True
    folder = Path(urllib.request.url2pathname(address.path))
    project, own = config.own_folder, config.artifact_location
    if project and own and not folder.exists():
        artifacts = Path(urllib.request.url2pathname(urllib.parse.urlsplit(own).path))
        _, found, below = str(folder).rpartition(f"/{artifacts.relative_to(project)}/")
        folder = artifacts / below if found else folder
    return (folder / "MLmodel").is_file()


def _ask_server(uri: str, name: str, version: str) -> bool | None:
    """MLflow's answer over HTTP; None where it takes MLflow's own client, or nobody answers."""
    query = urllib.parse.urlencode({"name": name, "version": version})
    address = f"{uri.rstrip('/')}/api/2.0/mlflow/model-versions/get?{query}"
    try:
        with urllib.request.urlopen(address, timeout=_SECONDS) as answer:
            return "model_version" in json.load(answer)
    except urllib.error.HTTPError as error:
        absent = error.code == 404 and _ABSENT in error.read().decode(errors="replace")
        return False if absent else None
    except (OSError, ValueError, HTTPException):
        return None


def _ask_by_mlflow(uri: str, name: str, version: str) -> bool:
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    from dermaflow.tracking.store_answer import require_answer

    require_answer(uri)
    try:
        MlflowClient(registry_uri=uri).get_model_version(name, version)
    except MlflowException as error:
        if error.error_code == _ABSENT:
            return False
        raise TrackingError(f"MLflow: {one_line(redact(str(error)), _SHOWN)}") from error
    return True
