"""What decides a stage's outputs though no other stage made it and git does not keep it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dermaflow.params import IngestParams, TrainParams, ValidateParams
from dermaflow.versioning.fingerprint import HashCache


def external_state(
    stage: str, parameters: dict[str, Any], tracking_uri: str, hashes: HashCache
) -> dict[str, str | None]:
    """Fingerprints of raw files and of other outside influences on a stage.

    Args:
        stage: its name.
        parameters: everything under ``parameters``, valid.
        tracking_uri: MLflow's store.
        hashes: of files.

    Returns:
        Path or name -> hash or value; None for a path where there is nothing.
    """
    if stage == "ingest":
        ingest = IngestParams.model_validate(parameters["ingest"])
        return {str(path): hashes.hash(path) for path in raw_paths(ingest)}
    if stage == "validate":
        validate = ValidateParams.model_validate(parameters["validate"])
        named = (validate.duplicates.decisions, validate.drift.reference)
        return {path: hashes.hash(Path(path).expanduser()) for path in named if path}
    if stage == "train":
        backbone = TrainParams.model_validate(parameters["train"]).backbone
        paths = [Path(backbone.path)] if backbone.weights == "file" and backbone.path else []
        return {str(path): hashes.hash(path) for path in paths}
    if stage == "register":
        # A model registered with one server is not registered with another.
        return {"tracking_uri": tracking_uri}
    return {}


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
