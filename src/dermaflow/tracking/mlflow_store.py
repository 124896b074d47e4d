"""Opening the MLflow store that runs are kept in, or saying why it cannot be."""

from __future__ import annotations

import os
from pathlib import Path

import mlflow
from mlflow.exceptions import MlflowException

from dermaflow.errors import TrackingError
from dermaflow.io.atomic_files import replacing_file
from dermaflow.io.file_lock import locked
from dermaflow.io.redaction import redact
from dermaflow.io.text import one_line
from dermaflow.tracking.artifact_place import require_own_place
from dermaflow.tracking.store_answer import require_answer
from dermaflow.tracking.tracking_config import SQLITE_PREFIX, TrackingConfig


def open_store(config: TrackingConfig) -> str:
    """Make the configured store and experiment those of this process, and create what is missing.

    Whatever is logged has been written when the call returns: a run reads back what it has said,
    and what the store refuses must end it.

    Returns:
        The experiment's id.

    Raises:
        TrackingError: the store does not answer (see ``require_answer``), the database is of
            another MLflow, or artifacts would go elsewhere (see ``require_own_place``).
    """
    uri = config.tracking_uri
    if uri.startswith(SQLITE_PREFIX):
        _make_database(config.database)
    else:
        require_answer(uri)
    named = os.environ.get("MLFLOW_TRACKING_URI")
    mlflow.set_tracking_uri(uri)
    mlflow.config.enable_async_logging(False)
    if named is None:
        # MLflow sets it, too; then it would look as if the user had chosen this store.
        os.environ.pop("MLFLOW_TRACKING_URI", None)
    try:
        experiment = mlflow.get_experiment_by_name(config.experiment)
        if experiment is None:
            _make_experiment(config)
        else:
            require_own_place(config, experiment.artifact_location)
        return str(mlflow.set_experiment(config.experiment).experiment_id)
    except MlflowException as error:
        if "out-of-date database schema" in str(error):
            raise TrackingError(
                f"{redact(uri)} was made by another version of MLflow: "
                f"back it up, then run `mlflow db upgrade {redact(uri)}`"
            ) from error
        raise TrackingError(f"{redact(uri)}: {one_line(redact(str(error)), 300)}") from error


def _make_database(database: Path) -> None:
    """Make an empty database, whole or not at all, where there is none.

    MLflow takes hundreds of steps to it, and takes one that was cut short for another version's.
    """
    if database.exists():
        return
    with locked(database.with_name(f".{database.name}.lock")):
        if not database.exists():
            with replacing_file(database) as partial:
                mlflow.MlflowClient(f"{SQLITE_PREFIX}{partial}").search_experiments(max_results=1)


def _make_experiment(config: TrackingConfig) -> None:
    # The kind decides whether the UI opens with runs and metrics, or with prompts.
    kind = {"mlflow.experimentKind": "custom_model_development"}
    try:
        mlflow.create_experiment(config.experiment, config.artifact_location, kind)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise  # else another run, begun at the same time, was faster
