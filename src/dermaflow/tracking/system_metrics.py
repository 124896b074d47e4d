"""Figures of the machine in MLflow, those of GPUs as well: MLflow's own monitor, started once.

MLflow samples CPU, memory, disk, network and each GPU. A figure that it does not know is added to
its list of monitors.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from threading import Thread
from typing import Any

import mlflow
from mlflow.system_metrics.system_metrics_monitor import SystemMetricsMonitor

_LAST_SECONDS = 20  # in which the last figures of the machine are to be logged
_OF_GPUS = "mlflow.system_metrics.metrics.gpu_monitor"

logger = logging.getLogger(__name__)


def start_monitor(run_id: str, interval: float) -> SystemMetricsMonitor | None:
    """Sample figures every ``interval`` seconds into a run; none for an interval of 0."""
    if not interval:
        return None
    of_gpus = logging.getLogger(_OF_GPUS)
    if not any(isinstance(known, Once) for known in of_gpus.filters):
        of_gpus.addFilter(Once())
    # `resume_logging` continues the step count, so that several stages give one series.
    monitor = PatientMonitor(
        run_id,
        sampling_interval=interval,
        resume_logging=True,
        tracking_uri=mlflow.get_tracking_uri(),
    )
    monitor.start()
    return monitor


def finish_monitor(monitor: SystemMetricsMonitor) -> None:
    """Log the last figures, as long as that takes no longer than it may."""
    # By itself it waits for its thread, which may be trying for minutes to reach a server.
    finishing = Thread(target=monitor.finish, daemon=True)
    finishing.start()
    finishing.join(_LAST_SECONDS)


class PatientMonitor(SystemMetricsMonitor):
    """MLflow's monitor, which goes on with all other figures where some cannot be had."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._told: set[str] = set()

    def collect_metrics(self) -> dict[str, Any]:
        """Take a sample of each kind of figures."""
        return self._of_each(_collect)

    def aggregate_metrics(self) -> dict[str, Any]:
        """Put together the samples of each kind since they were logged last."""
        return self._of_each(lambda monitor: monitor.aggregate_metrics())

    def _of_each(self, ask: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for monitor in self.monitors:
            try:
                found |= ask(monitor)
            except Exception as error:  # of psutil, of a driver, or of MLflow's arithmetic
                monitor.clear_metrics()  # half a sample would fail again
                self._tell(f"{type(monitor).__name__}: a sample failed: {error!r}")
        return found

    def _tell(self, text: str) -> None:
        if text not in self._told:
            self._told.add(text)
            logger.warning(text)


class Once(logging.Filter):
    """Lets each text through once: MLflow repeats at every sample that a GPU has none."""

    def __init__(self) -> None:
        super().__init__()
        self._said: set[str] = set()

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the text is a new one."""
        text = record.getMessage()
        new = text not in self._said
        self._said.add(text)
        return new


def _collect(monitor: Any) -> dict[str, Any]:
    monitor.collect_metrics()
    figures: dict[str, Any] = monitor.metrics
    return figures
