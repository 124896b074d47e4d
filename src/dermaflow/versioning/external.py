"""What decides a stage's outputs though no other stage made it and git does not keep it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dermaflow.params import DuplicateParams, IngestParams, TrainParams, ValidateParams
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
        paths = [path for name in ingest.roles for path in ingest.sources[name].raw_paths()]
        return {str(path): hashes.hash(path) for path in paths}
    if stage == "validate":
        split = ValidateParams.model_validate(parameters["validate"]).split
        decisions = DuplicateParams.model_validate(parameters["duplicates"]).decisions
        named = [Path(path).expanduser() for path in (decisions, split.keep) if path]
        return {str(path): hashes.hash(path) for path in named}
    if stage == "train":
        backbone = TrainParams.model_validate(parameters["train"]).backbone
        paths = [Path(backbone.path)] if backbone.weights == "file" and backbone.path else []
        return {str(path): hashes.hash(path) for path in paths}
    if stage == "register":
        # A model registered with one server is not registered with another.
        return {"tracking_uri": tracking_uri}
    return {}
