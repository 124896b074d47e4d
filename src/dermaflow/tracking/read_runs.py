"""From an MLflow run to what a comparison shows of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from string import ascii_uppercase

import pandas as pd
from mlflow import MlflowClient
from mlflow.entities import Run
from pyarrow import ArrowException

from dermaflow.errors import RunLookupError
from dermaflow.ml.evaluation.estimate import untested_classes
from dermaflow.reporting.comparison.content import CURVES, ComparedRun
from dermaflow.schema import RESULTS
from dermaflow.tracking.find_runs import existing_store, find_runs
from dermaflow.tracking.metric_names import read_scores
from dermaflow.tracking.run_description import COMMIT, NONE, has_changes
from dermaflow.tracking.run_reports import read_artifact, read_data_version
from dermaflow.tracking.tracking_config import TrackingConfig

# Part of a run's metrics -> the predictions that they are of; a run's first is compared.
PREDICTIONS = {
    part: "evaluation/predictions.parquet"
    if part == "test"
    else "crossval/crossval_predictions.parquet"
    for part in RESULTS
}

_COLUMNS = {"image_id", "group_id", "label", "split"}  # of predictions, beside p_<class>


def read_runs(config: TrackingConfig, names: Sequence[str]) -> list[ComparedRun]:
    """The runs that a user names, labelled A, B, C, … in that order.

    Args:
        config: resolved.
        names: see ``find_runs``; at most 26.

    Raises:
        RunLookupError: a name fits no run or several, or a run is named twice.
    """
    client = existing_store(config)
    found = find_runs(client, config.experiment, names)
    ids = [run.info.run_id for run in found]
    for name, run_id in zip(names, ids, strict=True):
        if ids.count(run_id) > 1:
            raise RunLookupError(f"{name!r} is run {run_id}, which is named twice")
    return [
        read_run(client, run, label) for run, label in zip(found, ascii_uppercase, strict=False)
    ]


def read_run(client: MlflowClient, run: Run, label: str) -> ComparedRun:
    """All that a comparison shows of a run; what it lacks is named, and no error."""
    info, tags = run.info, run.data.tags
    by_result = {part: read_scores(run.data.metrics, part) for part in RESULTS}
    result = next((part for part, scores in by_result.items() if scores), "test")
    scores = by_result[result]
    predictions, problem = _read_predictions(client, info.run_id, PREDICTIONS[result])
    curves = {name: _read_curve(client, run, name) for name in CURVES}
    version = read_data_version(client, run)
    untested = untested_classes(scores)
    lacks = {
        "It logged no metrics of the test split.": not scores,
        f"It has no image of {', '.join(untested)}: means are over the other classes.": untested,
        problem: bool(problem),
        "It logged no training curves.": result == "test" and not any(curves.values()),
        "It does not say which version of the data it used.": version is None,
    }
    columns = [] if predictions is None else list(predictions.columns)
    commit = tags.get(COMMIT, NONE)
    return ComparedRun(
        label=label,
        run_id=info.run_id,
        name=info.run_name or "",
        status=info.status,
        started=datetime.fromtimestamp(info.start_time / 1000, UTC),
        seconds=(info.end_time - info.start_time) / 1000 if info.end_time else None,
        env=tags.get("env"),
        command=tags.get("command"),
        commit=None if commit == NONE else commit,
        dirty=has_changes(tags),
        data_version=version,
        parameters=run.data.params,
        scores=scores,
        curves=curves,
        classes=tuple(name.removeprefix("p_") for name in columns if name.startswith("p_")),
        predictions=predictions,
        missing=tuple(text for text, lacking in lacks.items() if lacking),
        result=result,
        experiment=client.get_experiment(info.experiment_id).name,
    )


def _read_predictions(
    client: MlflowClient, run_id: str, path: str
) -> tuple[pd.DataFrame | None, str]:
    """The table, or None and a sentence that says why."""
    try:
        table = read_artifact(client, run_id, path, pd.read_parquet)
    except (ArrowException, OSError, ValueError):
        return None, f"Its {path} cannot be read."
    if table is None:
        return None, f"It has no {path}."
    absent = sorted(_COLUMNS - set(table.columns))
    if absent:
        return None, f"Its {path} lacks the columns {', '.join(absent)}."
    return table, ""


def _read_curve(client: MlflowClient, run: Run, name: str) -> list[tuple[int, float]]:
    if name not in run.data.metrics:
        return []
    points = client.get_metric_history(run.info.run_id, name)
    return sorted((point.step, point.value) for point in points)
