"""Figures of the machine in MLflow, those of GPUs as well: MLflow's own monitor, started once.

MLflow samples CPU, memory, disk, network and, with nvidia-ml-py, each GPU. A figure that it does
not know is added to its list of monitors.
"""

from __future__ import annotations

from threading import Thread
from typing import TYPE_CHECKING

import mlflow

if TYPE_CHECKING:
    from mlflow.system_metrics.system_metrics_monitor import SystemMetricsMonitor

_LAST_SECONDS = 20  # in which the last figures of the machine are to be logged


def start_monitor(run_id: str, interval: float) -> SystemMetricsMonitor | None:
    """Sample figures every ``interval`` seconds into a run; none for an interval of 0."""
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


def finish_monitor(monitor: SystemMetricsMonitor) -> None:
    """Log the last figures, as long as that takes no longer than it may."""
    # By itself it waits for its thread, which may be trying for minutes to reach a server.
    finishing = Thread(target=monitor.finish, daemon=True)
    finishing.start()
    finishing.join(_LAST_SECONDS)
