"""Aliases of a registered model: who has one, the lock under which it moves, and its move."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

from mlflow import MlflowClient

from dermaflow.errors import BusyError
from dermaflow.io.file_lock import locked
from dermaflow.tracking.tracking_config import SQLITE_PREFIX, TrackingConfig, sqlite_file

_HASH_DIGITS = 16
_FOR_ALL_USERS = 0o666  # of the host: they share a server's registry


def alias_holders(client: MlflowClient, model: str) -> dict[str, str]:
    """Alias -> number of the version that has it now."""
    aliases = client.get_registered_model(model).aliases
    return {alias: str(version) for alias, version in aliases.items()}


def alias_holder(client: MlflowClient, model: str, alias: str) -> str | None:
    """The version that has an alias now, or None."""
    return alias_holders(client, model).get(alias)


def name_holder(holder: str | None) -> str:
    """The holder of an alias in words."""
    return "no version" if holder is None else f"version {holder}"


@contextmanager
def holding_aliases(config: TrackingConfig, model: str) -> Iterator[None]:
    """Keep other processes of this host from moving a model's aliases while the block runs.

    They wait. Other hosts are not kept away: MLflow has no lock and no conditional change. The lock
    is a file beside a SQLite database; of a server, in the host's temporary folder.

    Args:
        config: resolved.
        model: name of the registered model.
    """
    address = os.environ.get("MLFLOW_REGISTRY_URI") or config.tracking_uri
    if address.startswith(SQLITE_PREFIX):
        database = sqlite_file(address).resolve()
        file, mode = database.with_name(f".{database.name}.{_digest(model)}.lock"), None
    else:
        parts = urlsplit(address)
        server = f"{parts.hostname}:{parts.port}{parts.path.rstrip('/')}"  # without who asks
        name = f"dermaflow-{_digest(server, model)}.lock"
        file, mode = Path(tempfile.gettempdir(), name), _FOR_ALL_USERS
    with locked(file, mode=mode):
        yield


def move_alias(
    client: MlflowClient, model: str, alias: str, to: str | None, expected: str | None
) -> None:
    """Give an alias to a version, or take it away, and see that this is what came of it.

    Args:
        client: of the registry.
        model: name of the registered model.
        alias: to move.
        to: number of the version that gets it; None takes it away.
        expected: the holder by which the move was decided.

    Raises:
        BusyError: another host has moved it meanwhile; nothing was changed if that was before.
    """
    found = alias_holder(client, model, alias)
    if found != expected:
        raise BusyError(
            f"the alias {alias} of {model} went from {name_holder(expected)} to "
            f"{name_holder(found)} while this was decided; it was left there: decide again"
        )
    if to is not None:
        client.set_registered_model_alias(model, alias, to)
    elif found is not None:
        client.delete_registered_model_alias(model, alias)
    found = alias_holder(client, model, alias)
    if found != to:
        raise BusyError(
            f"the alias {alias} of {model} was moved twice at the same moment, from two hosts: "
            f"{name_holder(found)} has it, not {name_holder(to)}: decide again"
        )


def _digest(*names: str) -> str:
    return sha256("\0".join(names).encode()).hexdigest()[:_HASH_DIGITS]
