"""Logging a model to a run in a few requests.

``mlflow.pyfunc.log_model`` copies the run's metrics to the model, for which it asks for the history
of each, one request a metric. A server that checks a password at each request takes minutes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path

from mlflow import MlflowClient
from mlflow.entities import LoggedModel, LoggedModelOutput, Metric
from mlflow.models import Model

from dermaflow.tracking.metric_names import METRICS_A_BATCH

NAME = "model"


def log_saved_model(
    client: MlflowClient,
    run_id: str,
    folder: Path,
    metrics: Collection[str],
    save: Callable[[Model], None],
) -> LoggedModel:
    """Save a model to a folder, upload it, and link it with the run.

    Args:
        client: of the store in use.
        run_id: of the run, whose parameters the model gets.
        folder: that ``save`` makes.
        metrics: names of those that are the model's too, where the run has them.
        save: writes the model's folder; is given what MLflow is to write of it there.

    Returns:
        The model, which is ready.

    Raises:
        Exception: of ``save`` or of the upload; the model is marked as failed.
    """
    run = client.get_run(run_id)
    logged = client.create_logged_model(
        run.info.experiment_id, NAME, run_id, params=run.data.params
    )
    identity = logged.model_id
    try:
        save(
            Model(
                artifact_path=logged.artifact_location,
                run_id=run_id,
                model_uuid=identity,
                model_id=identity,
            )
        )
        client.log_model_artifacts(identity, str(folder))
    except Exception:
        client.finalize_logged_model(identity, "FAILED")
        raise
    client.log_outputs(run_id, [LoggedModelOutput(identity, step=0)])
    measured = {name: run.data.metrics[name] for name in metrics if name in run.data.metrics}
    _link_metrics(client, run_id, identity, measured)
    return client.finalize_logged_model(identity, "READY")


def _link_metrics(
    client: MlflowClient, run_id: str, model_id: str, metrics: dict[str, float]
) -> None:
    """Show metrics of the run as the model's: the same points once more, with the model's id.

    They were logged together, so that one of them tells when; another time would be another point.
    """
    if not metrics:
        return
    when = client.get_metric_history(run_id, next(iter(metrics)))[-1].timestamp
    points = [Metric(name, value, when, 0, model_id) for name, value in metrics.items()]
    for start in range(0, len(points), METRICS_A_BATCH):
        client.log_batch(run_id, metrics=points[start : start + METRICS_A_BATCH])
