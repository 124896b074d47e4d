"""What decides a stage's outputs though no other stage made it and git does not keep it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from dermaflow.params import IngestParams, TrainParams, ValidateParams
from dermaflow.versioning.fingerprint import HashCache


def external_state(
    stage: str, paths: Iterable[Path], tracking_uri: str, hashes: HashCache
) -> dict[str, str | None]:
    """Fingerprints of raw files and of other outside influences on a stage.

    Args:
        stage: its name.
        paths: of ``external_paths``, those that DVC does not track.
        tracking_uri: MLflow's store.
        hashes: of files.

    Returns:
        Path or name -> hash or value; None for a path where there is nothing.
    """
    state = {str(path): hashes.hash(path) for path in paths}
    # A model registered with one server is not registered with another.
    return state | ({"tracking_uri": tracking_uri} if stage == "register" else {})


def external_paths(stage: str, parameters: Mapping[str, Any]) -> list[Path]:
    """Files and folders that a stage reads though no stage makes them.

    Args:
        stage: its name.
        parameters: everything under ``parameters``, valid.
    """
    if stage == "ingest":
        return raw_paths(IngestParams.model_validate(parameters["ingest"]))
    if stage == "validate":
        decisions = ValidateParams.model_validate(parameters["validate"]).duplicates.decisions
        return [Path(decisions).expanduser()] if decisions else []
    if stage == "train":
        backbone = TrainParams.model_validate(parameters["train"]).backbone
        return [Path(backbone.path)] if backbone.weights == "file" and backbone.path else []
    return []


def raw_paths(ingest: IngestParams) -> list[Path]:
    """Files and folders that the chosen source reads."""
    if ingest.source == "ham10000" and ingest.ham10000:
        from dermaflow.sources.ham10000 import IMAGES, MASKS, METADATA

        folder = Path(ingest.ham10000.folder).expanduser()
        return [folder / name for name in (*IMAGES, METADATA, MASKS)]
    if ingest.source == "table" and ingest.table:
        named = (ingest.table.table, ingest.table.images, ingest.table.masks)
        return [Path(path).expanduser() for path in named if path]
    return []
