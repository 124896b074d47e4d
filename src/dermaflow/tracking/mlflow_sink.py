"""The metric sink that writes to MLflow."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from dermaflow.ml.training.metric_sink import MetricSink, NullSink
from dermaflow.tracking.metric_names import METRICS_A_BATCH


class MlflowSink:
    """Writes to one MLflow run; in another process, too, if it is sent there.

    Args:
        run_id: of the run.
        tracking_uri: of its store; None for the one in use.
    """

    def __init__(self, run_id: str, tracking_uri: str | None = None) -> None:
        from mlflow import MlflowClient

        self._client = MlflowClient(tracking_uri)
        self._run_id = run_id

    def __reduce__(self) -> tuple[type[MlflowSink], tuple[str, str]]:
        return MlflowSink, (self._run_id, self._client.tracking_uri)

    def log(self, metrics: Mapping[str, float], step: int) -> None:
        """Log all metrics at once, so that a curve is live in the MLflow UI."""
        import time

        from mlflow.entities import Metric

        now = int(time.time() * 1000)
        batch = [Metric(name, float(value), now, step) for name, value in metrics.items()]
        for start in range(0, len(batch), METRICS_A_BATCH):
            self._client.log_batch(self._run_id, metrics=batch[start : start + METRICS_A_BATCH])

    def tag(self, tags: Mapping[str, str]) -> None:
        """Set tags of the run."""
        from mlflow.entities import RunTag

        batch = [RunTag(name, value) for name, value in tags.items()]
        self._client.log_batch(self._run_id, tags=batch)

    @contextmanager
    def part(
        self, name: str, parameters: Mapping[str, Any], tags: Mapping[str, str]
    ) -> Iterator[MetricSink]:
        """A sink into a nested run."""
        from dermaflow.tracking.nested_runs import nested_run

        with nested_run(self._client, self._run_id, name, parameters, tags) as run_id:
            yield MlflowSink(run_id, self._client.tracking_uri)


def current_sink() -> MetricSink:
    """A sink into the active MLflow run, or one that keeps nothing where there is no run."""
    # Whoever opened a run has imported mlflow; asking must not be what imports it.
    mlflow = sys.modules.get("mlflow")
    run = mlflow.active_run() if mlflow else None
    return MlflowSink(run.info.run_id) if run else NullSink()
