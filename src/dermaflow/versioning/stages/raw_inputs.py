"""What decides a stage's outputs though no other stage made it and git does not keep it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from dermaflow.params.crossval import CrossvalParams
from dermaflow.params.ingest import IngestParams
from dermaflow.params.train import TrainParams
from dermaflow.params.validate import ValidateParams
from dermaflow.versioning.stages.fingerprint import HashCache


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
        ingest = IngestParams.model_validate(parameters["ingest"])
        return [path for name in ingest.roles for path in ingest.sources[name].raw_paths()]
    if stage == "validate":
        validate = ValidateParams.model_validate(parameters["validate"])
        named = (validate.decisions, validate.split.keep, validate.drift.reference)
        return [Path(path).expanduser() for path in named if path]
    if stage == "train":
        return _first_weights(parameters)
    if stage == "crossval_train":
        crossval = CrossvalParams.model_validate(parameters["crossval"])
        return [*_first_weights(parameters), *crossval.collected_files]
    return []


def _first_weights(parameters: Mapping[str, Any]) -> list[Path]:
    backbone = TrainParams.model_validate(parameters["train"]).backbone
    return [Path(backbone.path)] if backbone.weights == "file" and backbone.path else []
