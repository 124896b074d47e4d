"""Figures of the machine in a real run."""

import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from mlflow import MlflowClient

from dermaflow.tracking.system_metrics import PatientMonitor, finish_monitor, start_monitor

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


# It watches a run, loses a GPU once both have been seen, and goes on until enough has been logged.
WATCH = """
import logging, os, sys, time
from pathlib import Path
import mlflow
from mlflow import MlflowClient
logging.basicConfig()
from dermaflow.tracking.system_metrics import finish_monitor, start_monitor
uri, run_id = sys.argv[1:]
mlflow.set_tracking_uri(uri)
client = MlflowClient(uri)

def wait_for(key, count):
    until = time.monotonic() + 60
    while len(client.get_metric_history(run_id, f"system/{key}")) < count:
        assert time.monotonic() < until, key
        time.sleep(0.02)

monitor = start_monitor(run_id, 0.01)
wait_for("gpu_1_utilization_percentage", 2)
Path(os.environ["LOST_GPU"]).touch()
seen = len(client.get_metric_history(run_id, "system/gpu_1_utilization_percentage"))
wait_for("gpu_0_utilization_percentage", seen + 4)
wait_for("cpu_utilization_percentage", seen + 4)
finish_monitor(monitor)
"""


@pytest.mark.skipif(not shutil.which("cc"), reason="needs a C compiler")
def test_each_gpu_has_its_figures_and_one_that_is_lost_ends_no_others(experiment, store, tmp_path):
    library = tmp_path / "libnvidia-ml.so.1"
    source = Path(__file__).with_name("nvml.c")
    subprocess.run(("cc", "-shared", "-fPIC", "-o", library, source), check=True)
    run_id = experiment.make_run(status="RUNNING")
    environment = {"LD_LIBRARY_PATH": str(tmp_path), "LOST_GPU": str(tmp_path / "lost")}
    done = subprocess.run(
        (sys.executable, "-c", WATCH, store.tracking_uri, run_id),
        env=os.environ | environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr

    def values(key):
        history = MlflowClient().get_metric_history(run_id, f"system/{key}")
        return [point.value for point in history]

    first, second = values("gpu_0_utilization_percentage"), values("gpu_1_utilization_percentage")
    assert (set(first), set(second)) == ({40.0}, {41.0})
    assert len(first) > len(second)
    assert set(values("gpu_0_memory_usage_megabytes")) == {25.0}
    assert len(values("cpu_utilization_percentage")) >= len(first)
    # What a GPU cannot say is said once for each figure, not at every sample.
    warned = [line for line in done.stderr.splitlines() if "WARNING" in line]
    assert len(warned) == len(set(warned)) == 3, done.stderr
    assert sum("GPU is lost" in line for line in warned) == 2
    assert sum("Not Supported" in line for line in warned) == 1


class Defective:
    """A kind of figures whose library fails."""

    def __init__(self, fails_at):
        self._fails_at, self.metrics = fails_at, {}

    def collect_metrics(self):
        self._fail("collect")

    def aggregate_metrics(self):
        self._fail("aggregate")
        return {}

    def clear_metrics(self):
        pass

    def _fail(self, here):
        if here == self._fails_at:
            raise ZeroDivisionError("division by zero")


@pytest.mark.parametrize("fails_at", ["collect", "aggregate"])
def test_figures_that_fail_are_told_once_and_the_others_go_on(experiment, caplog, fails_at):
    monitor = PatientMonitor(experiment.make_run(status="RUNNING"), sampling_interval=1)
    monitor.monitors.insert(0, Defective(fails_at))
    for _ in range(2):
        monitor.collect_metrics()
        assert "cpu_utilization_percentage" in monitor.aggregate_metrics()
    told = [message for message in caplog.messages if message.startswith("Defective")]
    assert told == ["Defective: a sample failed: ZeroDivisionError('division by zero')"]
