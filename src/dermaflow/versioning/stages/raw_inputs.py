"""Inputs of a stage that no stage makes: raw files, and values of the run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from dermaflow.params.base import Params
from dermaflow.schema import DRAWINGS
from dermaflow.versioning.stages.fingerprint import HashCache
from dermaflow.versioning.stages.stage_dependencies import Stage, adapter_of


def external_state(
    stage: Stage, paths: Iterable[Path], values: Mapping[str, str], hashes: HashCache
) -> dict[str, str | None]:
    """Fingerprints of raw files and of other outside influences on a stage.

    Args:
        stage: the stage.
        paths: of ``external_paths``, those that DVC does not track.
        values: of the run, by their names.
        hashes: of files.

    Returns:
        Path or name -> hash or value; None for a path where there is nothing.
    """
    state = {str(path): hashes.hash(path) for path in paths}
    return state | {name: values[name] for name in stage.run_values}


def external_paths(stage: Stage, parameters: Mapping[str, Any]) -> list[Path]:
    """Files and folders that a stage reads though no stage makes them.

    They are those that its parameters name (``Params.raw_paths``). What draws a stage reads its
    parameters, too, but not these files.

    Args:
        stage: the stage.
        parameters: everything under ``parameters``, valid.
    """
    if stage.name in DRAWINGS.values():
        return []
    typed = (adapter_of(group).validate_python(parameters[group]) for group in stage.groups)
    return [path for group in typed if isinstance(group, Params) for path in group.raw_paths()]
