"""Figures of the machine in a real run."""

import threading
import time

from mlflow import MlflowClient

from dermaflow.tracking.system_metrics import finish_monitor, start_monitor

FIGURE = "system/system_memory_usage_percentage"
DEADLINE = 60  # seconds in which figures must have come


def steps_of(run_id):
    return [point.step for point in MlflowClient().get_metric_history(run_id, FIGURE)]


def is_watched():
    return any(thread.name == "SystemMetricsMonitor" for thread in threading.enumerate())


def test_two_stages_of_a_run_give_one_series_without_repeated_steps(experiment):
    run_id = experiment.make_run(status="RUNNING")
    for _ in range(2):
        monitor = start_monitor(run_id, 0.01)
        before, until = len(steps_of(run_id)), time.monotonic() + DEADLINE
        while len(steps_of(run_id)) < before + 2 and time.monotonic() < until:
            threading.Event().wait(0.02)
        finish_monitor(monitor)
        assert not is_watched()
    steps = steps_of(run_id)
    assert len(steps) >= 4
    assert steps == list(range(len(steps)))


def test_an_interval_of_zero_samples_nothing(experiment):
    assert start_monitor(experiment.make_run(status="RUNNING"), 0) is None
    assert not is_watched()
