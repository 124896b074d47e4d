"""Fixtures of all tests."""

import os
from pathlib import Path

import pytest

pytest_plugins = ["cpu_time", "long_tests", "servers"]

# Nothing may call home from a test.
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
os.environ["DVC_NO_ANALYTICS"] = "true"
os.environ["DO_NOT_TRACK"] = "1"
# Nor may it write to a tracking server or a run that whoever runs the tests has chosen.
for variable in ("MLFLOW_TRACKING_URI", "MLFLOW_RUN_ID", "MLFLOW_EXPERIMENT_NAME"):
    os.environ.pop(variable, None)

# Tests that run side by side share the cores: threads that wait for each other there take minutes.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ["OMP_NUM_THREADS"] = "1"


# Whole runs come first, so that no process is left with one while the others have ended. Those in
# front need no finished run, which another process makes meanwhile.
FIRST = ("whole_run", "training_killed", "restore")


def pytest_collection_modifyitems(items):
    items.sort(key=_turn)


def _turn(item):
    folder, name = item.path.parent.name, item.path.stem.removeprefix("test_")
    if folder != "runs":
        return len(FIRST) + 1
    return FIRST.index(name) if name in FIRST else len(FIRST)


@pytest.fixture(scope="session")
def project_path():
    """Root of the checkout."""
    return Path(__file__).resolve().parents[1]
