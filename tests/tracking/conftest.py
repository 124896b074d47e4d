"""A tracking configuration on a local database, a tracker, and a real server."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import mlflow
import pytest
from kedro.io import DataCatalog, MemoryDataset
from mlflow import MlflowClient

from dermaflow.datasets import StageRecordsDataset
from dermaflow.tracking.tracked_run import TrackedRun
from dermaflow.tracking.tracker import Tracker
from dermaflow.tracking.tracking_config import TrackingConfig
from dermaflow.versioning.stages.workspace import Workspace
from mlflow_runs import Experiment


class Server:
    """An MLflow server of its own, which may be killed and started again at the same address."""

    def __init__(self, folder):
        self._folder = folder
        self._process = None
        with socket.socket() as sock:
            sock.bind(("127.0.0.1", 0))
            self._port = sock.getsockname()[1]
        self.uri = f"http://127.0.0.1:{self._port}"

    def start(self):
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1"),
                *("--port", str(self._port), "--workers", "1"),
                *("--backend-store-uri", f"sqlite:///{self._folder}/server.db"),
                *("--artifacts-destination", str(self._folder / "server")),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        for _ in range(240):
            try:
                urllib.request.urlopen(f"{self.uri}/health", timeout=5).close()
            except OSError:
                time.sleep(0.5)
            else:
                return
        raise AssertionError(f"{self.uri} did not start")

    def kill(self):
        """The server and its workers, at once."""
        if self._process:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(30)
            self._process = None


@pytest.fixture(autouse=True)
def _restore_tracking_uri():
    before = mlflow.get_tracking_uri()
    yield
    mlflow.set_tracking_uri(before)


@pytest.fixture
def server(tmp_path):
    """One that is not started yet."""
    server = Server(tmp_path)
    yield server
    server.kill()


@pytest.fixture(scope="session")
def local_config():
    """Make one whose database and artifacts are below a folder."""

    def make(folder):
        with pytest.MonkeyPatch.context() as patch:
            patch.delenv("MLFLOW_TRACKING_URI", raising=False)  # MLflow sets it for a chosen store
            return TrackingConfig(
                tracking_uri="sqlite:///db/mlflow.db",
                artifact_location="db/artifacts",
                experiment="dermaflow",
                system_metrics_interval=0,
            ).resolve(folder)

    return make


@pytest.fixture(scope="session")
def store(tmp_path_factory, local_config):
    """A configuration whose database exists; making one takes MLflow seconds."""
    before = mlflow.get_tracking_uri()
    folder = tmp_path_factory.mktemp("tracking")
    config = local_config(folder)
    TrackedRun(config, "first", {}, folder / "open_runs").close("FINISHED")
    mlflow.set_tracking_uri(before)
    return config


@pytest.fixture
def experiment(store, request, tmp_path):
    """An experiment of the test's own in the shared store, which is the one that MLflow uses."""
    mlflow.set_tracking_uri(store.tracking_uri)
    client = MlflowClient(store.tracking_uri)
    return Experiment(client, request.node.nodeid, tmp_path / "artifacts")


@pytest.fixture
def config(store, experiment, tmp_path):
    """The configuration of the test's own experiment."""
    place = (tmp_path / "artifacts").as_uri()
    return store.model_copy(update={"experiment": experiment.name, "artifact_location": place})


@pytest.fixture
def open_runs(tmp_path):
    """The folder of the notes that say which runs are open."""
    return tmp_path / "open_runs"


@pytest.fixture
def make_tracker(tmp_path, local_config):
    """Make one of a run with these parameters, on a local database if nothing else is said."""

    def make(parameters, config=None):
        catalog = DataCatalog(
            {
                "stage_records": StageRecordsDataset(filepath=str(tmp_path / "records")),
                "parameters": MemoryDataset(parameters),
                "tracking_uri": MemoryDataset("sqlite:///db/mlflow.db"),
            }
        )
        config, tags = config or local_config(tmp_path), {"git_dirty": "false"}
        workspace = Workspace(tmp_path, catalog)
        return Tracker(
            tmp_path, "smoke", config, workspace, parameters, "a run", tags, requested=()
        )

    return make
