"""One MLflow run around one ``kedro run``."""

from __future__ import annotations

import atexit
import json
import logging
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import mlflow

from dermaflow.tracking.config import SQLITE_PREFIX, TrackingConfig

if TYPE_CHECKING:
    from mlflow.system_metrics.system_metrics_monitor import SystemMetricsMonitor

logger = logging.getLogger(__name__)

# MLflow's limit of parameters in one request.
PARAMETERS_A_BATCH = 100

_NAME = re.compile(r"[\w -]+")


class TrackedRun:
    """Opens a run (or joins the one ``MLFLOW_RUN_ID`` names), and closes it with its status.

    Args:
        config: resolved; see ``TrackingConfig.resolve``.
        name: of a new run; a joined run keeps its own.
        tags: set on the run.
    """

    def __init__(self, config: TrackingConfig, name: str, tags: Mapping[str, str]) -> None:
        _prepare_store(config)
        joined = os.environ.get("MLFLOW_RUN_ID")
        # Our own monitor replaces MLflow's, which a joined run would start once a process.
        run = mlflow.start_run(
            run_id=joined, run_name=None if joined else name, log_system_metrics=False
        )
        self.run_id: str = run.info.run_id
        mlflow.set_tags(dict(tags))
        self._monitor = _start_monitor(self.run_id, config.system_metrics_interval)
        # MLflow would call a run finished that Ctrl-C cut off.
        atexit.register(self.close, "KILLED")
        logger.info("MLflow run %s (%s)", run.info.run_name, self.run_id)

    def log_parameters(self, parameters: Mapping[str, Any]) -> None:
        """Log nested parameters, one MLflow parameter a leaf: ``train.backbone.weights``."""
        leaves = list(flatten(parameters).items())
        for start in range(0, len(leaves), PARAMETERS_A_BATCH):
            mlflow.log_params(dict(leaves[start : start + PARAMETERS_A_BATCH]))

    def log_output(self, path: Path, rule: Mapping[str, Any]) -> None:
        """Log a saved catalog entry as its ``metadata.mlflow`` rule says.

        Args:
            path: the entry's file or folder.
            rule: ``artifact``: folder in the run to copy it to; ``metrics``: true if the file is a
                JSON object of figures.
        """
        if rule.get("metrics"):
            mlflow.log_metrics(json.loads(path.read_text()))
        if "artifact" in rule and path.is_dir():
            mlflow.log_artifacts(str(path), rule["artifact"])
        elif "artifact" in rule:
            mlflow.log_artifact(str(path), rule["artifact"])

    def close(self, status: str) -> None:
        """End the run: ``FINISHED``, ``FAILED`` or ``KILLED``."""
        atexit.unregister(self.close)
        if self._monitor:
            self._monitor.finish()
        mlflow.end_run(status)


def flatten(parameters: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested mappings as one: keys joined with dots. A list is a leaf; one of mappings, as JSON.

    So is a mapping from words of the data, as of a hospital's labels, that are no names to MLflow.
    """
    flat: dict[str, Any] = {}
    for key, value in parameters.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping) and all(map(_NAME.fullmatch, map(str, value))):
            flat |= flatten(value, f"{name}.")
        elif isinstance(value, Mapping) or (
            isinstance(value, list) and any(isinstance(item, Mapping) for item in value)
        ):
            flat[name] = json.dumps(value, ensure_ascii=False)
        else:
            flat[name] = value
    return flat


def _prepare_store(config: TrackingConfig) -> None:
    if config.tracking_uri.startswith(SQLITE_PREFIX):
        Path(config.tracking_uri.removeprefix(SQLITE_PREFIX)).parent.mkdir(
            parents=True, exist_ok=True
        )
    mlflow.set_tracking_uri(config.tracking_uri)
    if mlflow.get_experiment_by_name(config.experiment) is None:
        # The kind decides whether the UI opens with runs and metrics, or with prompts and traces.
        kind = {"mlflow.experimentKind": "custom_model_development"}
        mlflow.create_experiment(config.experiment, config.artifact_location, kind)
    mlflow.set_experiment(config.experiment)


def _start_monitor(run_id: str, interval: float) -> SystemMetricsMonitor | None:
    if not interval:
        return None
    from mlflow.system_metrics.system_metrics_monitor import SystemMetricsMonitor

    # `resume_logging` continues the step count, so that several stages give one series.
    monitor = SystemMetricsMonitor(
        run_id,
        sampling_interval=interval,
        resume_logging=True,
        tracking_uri=mlflow.get_tracking_uri(),
    )
    monitor.start()
    return monitor
