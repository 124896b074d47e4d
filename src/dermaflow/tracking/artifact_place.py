"""Where the artifacts of a local store lie, also after the project was moved or copied.

MLflow writes into its database, for each experiment, run and model, the absolute place of its
artifacts. In a project that lies elsewhere now, all of these name the old place.
"""

from __future__ import annotations

import logging
import sqlite3
from contextlib import closing
from pathlib import Path

from mlflow.utils.file_utils import local_file_uri_to_path
from mlflow.utils.uri import is_local_uri

from dermaflow.errors import TrackingError
from dermaflow.io.file_lock import locked
from dermaflow.io.redaction import redact
from dermaflow.tracking.tracking_config import TrackingConfig

logger = logging.getLogger(__name__)

# Columns of MLflow's database that hold places, of SQLite only: it is what goes with a project.
_PLACES = (
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "storage_location"),
    ("model_versions", "source"),
)
_NEAR = 3  # folders of a place, of which one must be there: MLflow makes the last ones itself
_REMEDY = (
    "`kedro relocate` has this project keep them in its own, or name the place as "
    "artifact_location in conf/local/mlflow.yml"
)


def require_own_place(config: TrackingConfig, location: str) -> None:
    """Refuse to write artifacts where nobody would look for them.

    The store of a project that was moved is mended first; see ``follow_project``.

    Args:
        config: resolved.
        location: of the configured experiment's artifacts, as the store has it.

    Raises:
        TrackingError: the place is another project's, or is not on this machine.
    """
    if follow_project(config, location):
        return
    place, own = _local_path(location), _local_path(config.artifact_location)
    if place is None or _same(place, own):
        return
    if config.own_folder:
        if not place.is_relative_to(config.own_folder.resolve()):
            raise TrackingError(
                f"artifacts of the experiment {config.experiment!r} would go to {place}, not to "
                f"this project's own {own}, for its database {config.database} was copied from "
                f"there: {_REMEDY}"
            )
    elif not any(folder.is_dir() for folder in (place, *place.parents)[:_NEAR]):
        raise TrackingError(
            f"artifacts of the experiment {config.experiment!r} would go to {place}, which is not "
            f"on this machine (configured is {config.artifact_location}): mount it there, or name "
            "another experiment in conf/local/mlflow.yml"
        )


def follow_project(config: TrackingConfig, location: str) -> bool:
    """Bring the places in a project's own database to where the project was moved.

    Args:
        config: resolved.
        location: as for ``require_own_place``.

    Returns:
        Whether the project was moved: the old place is not there, and ends as the own does.
    """
    place, own = _local_path(location), _local_path(config.artifact_location)
    if not config.own_folder or place is None or own is None or _same(place, own):
        return False
    tail = Path(local_file_uri_to_path(str(config.artifact_location)))
    parts = tail.relative_to(config.own_folder).parts
    if place.exists() or place.parts[-len(parts) :] != parts:
        return False
    _relocate(config, location, copied=False)
    logger.warning("The project was moved: MLflow's artifacts are in %s now, not in %s", own, place)
    return True


def adopt_place(config: TrackingConfig, location: str) -> int:
    """Have a copied project keep its artifacts in its own place.

    Runs and models whose artifacts were not copied along stay where they are.

    Args:
        config: resolved.
        location: as for ``require_own_place``.

    Returns:
        How many runs and models are found in the own place now.

    Raises:
        TrackingError: the database is not the project's own.
    """
    if not config.own_folder:
        raise TrackingError(
            f"{redact(config.tracking_uri)} is not this project's own: its artifacts stay in "
            f"{location}"
        )
    if _same(_local_path(location), _local_path(config.artifact_location)):
        return 0
    return _relocate(config, location, copied=True)


def _relocate(config: TrackingConfig, old: str, copied: bool) -> int:
    """Write the own place where the database has the old one; gives how many runs and models."""
    database, new = config.database, str(config.artifact_location)
    try:
        with (
            locked(database.with_name(f".{database.name}.lock")),
            closing(sqlite3.connect(database, timeout=60)) as connection,
            connection,
        ):
            moved = [_move(connection, *place, old, new, copied) for place in _PLACES]
            connection.execute(
                "UPDATE experiments SET artifact_location = ? WHERE artifact_location = ?",
                (new, old),
            )
    except sqlite3.Error as error:
        raise TrackingError(
            f"{database}: the places of its artifacts cannot be changed from {old} to {new} "
            f"({error})"
        ) from error
    return sum(moved[:2])  # versions have the places of their models


def _move(
    connection: sqlite3.Connection, table: str, column: str, old: str, new: str, copied: bool
) -> int:
    """Change places in one column; of a copy, those whose files are there."""
    begin_so = f"SELECT DISTINCT {column} FROM {table} WHERE substr({column}, 1, ?) = ?"
    moved = 0
    for (was,) in connection.execute(begin_so, (len(old) + 1, f"{old}/")).fetchall():
        target = f"{new}{was.removeprefix(old)}"
        if not copied or Path(local_file_uri_to_path(target)).exists():
            change = f"UPDATE {table} SET {column} = ? WHERE {column} = ?"
            connection.execute(change, (target, was))
            moved += 1
    return moved


def _local_path(location: str | None) -> Path | None:
    if not location or not is_local_uri(location, is_tracking_or_registry_uri=False):
        return None
    return Path(local_file_uri_to_path(location)).resolve()


def _same(place: Path | None, own: Path | None) -> bool:
    """Whether both are one folder, which a mount may show at two places."""
    if place is None or own is None or not (place.exists() and own.exists()):
        return place == own
    return place.samefile(own)
