"""Folds that other machines have trained."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from dermaflow.errors import SourceError, ValidationError
from dermaflow.ml.training.working_folder import WorkingFolder
from dermaflow.params.crossval import FOLD_FILES, CrossvalParams
from dermaflow.params.dotted_keys import differing_keys
from dermaflow.params.train import TrainParams

_OF_SYNTHESIS = ("augment", "duplicates")  # parameters that only synthetic images need

FoldResult = tuple[pd.DataFrame, dict[str, Any]]  # of ``train_folds``, of one fold


def decisive(folder: WorkingFolder, crossval: CrossvalParams, precision: str) -> dict[str, Any]:
    """What decides a fold: what the stage is made from, less what changes no fold.

    Args:
        folder: of the stage.
        crossval: in effect.
        precision: of the training.
    """
    decides = folder.decisive(
        {"crossval": CrossvalParams.WITHOUT_EFFECT, "train": TrainParams.WITHOUT_EFFECT}
    )
    collected = set(map(str, crossval.collected_files))
    groups = decides["parameters"]
    if not crossval.synthetic:
        groups = {name: value for name, value in groups.items() if name not in _OF_SYNTHESIS}
    external = decides.get("external", {})
    other = {path: value for path, value in external.items() if path not in collected}
    return {**decides, "parameters": groups, "external": other, "precision": precision}


def collect_folds(folders: Sequence[str], made_from: Mapping[str, Any]) -> dict[int, FoldResult]:
    """Number -> fold, of what other machines left.

    Args:
        folders: with FOLD_FILES.
        made_from: what their folds must have been made from.

    Raises:
        SourceError: a file cannot be read.
        ValidationError: folds were made from something else, or two folders hold the same one.
    """
    found: dict[int, FoldResult] = {}
    for folder in folders:
        logits, summary = _read(Path(folder).expanduser())
        _require_same(folder, summary["made_from"], made_from)
        for facts in summary["folds"]:
            number = facts["fold"]
            if number in found:
                raise ValidationError(f"crossval.collect: fold {number} is in {folder} once more")
            found[number] = logits[logits["fold"] == number].reset_index(drop=True), facts
    return found


def _read(folder: Path) -> tuple[pd.DataFrame, dict[str, Any]]:
    tables, summaries = (folder / name for name in FOLD_FILES)
    try:
        summary: dict[str, Any] = json.loads(summaries.read_text(encoding="utf-8"))
        logits = pd.read_parquet(tables)
        told = {facts["fold"] for facts in summary["folds"]}
        if told != set(logits["fold"]) or "made_from" not in summary:
            raise ValueError(f"{summaries.name} does not fit {tables.name}")
        return logits, summary
    except (OSError, ValueError, KeyError) as error:  # pyarrow's errors are ValueErrors
        why = " ".join(str(error).split())
        raise SourceError(f"{folder} holds no folds ({why}); see crossval.collect") from error


def _require_same(folder: str, theirs: Mapping[str, Any], ours: Mapping[str, Any]) -> None:
    other = differing_keys(theirs, json.loads(json.dumps(ours)))
    if other:
        raise ValidationError(
            f"crossval.collect: {folder} was made with other {', '.join(other[:3])}"
        )
