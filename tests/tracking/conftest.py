"""A tracking configuration on a local database, a tracker, and a real server."""

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
from servers import Server


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
                log_pictures=True,
            ).resolve(folder)

    return make


@pytest.fixture(scope="session")
def local_store(tmp_path_factory, local_config):
    """A configuration whose SQLite file exists; making one takes MLflow seconds."""
    before = mlflow.get_tracking_uri()
    folder = tmp_path_factory.mktemp("tracking")
    config = local_config(folder)
    TrackedRun(config, "first", {}, folder / "open_runs").close("FINISHED")
    mlflow.set_tracking_uri(before)
    return config


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def store(request):
    """A configuration of a store that exists: a SQLite file, or a server on PostgreSQL."""
    if request.param == "sqlite":
        return request.getfixturevalue("local_store")
    return TrackingConfig(
        tracking_uri=request.getfixturevalue("team_server"),
        artifact_location=None,
        experiment="dermaflow",
        system_metrics_interval=0,
        log_pictures=True,
    )


@pytest.fixture
def experiment(store, request, tmp_path):
    """An experiment of the test's own in the shared store, which is the one that MLflow uses."""
    mlflow.set_tracking_uri(store.tracking_uri)
    client = MlflowClient(store.tracking_uri)
    folder = tmp_path / "artifacts" if store.tracking_uri.startswith("sqlite") else None
    return Experiment(client, request.node.nodeid, folder)


@pytest.fixture
def config(store, experiment, tmp_path):
    """The configuration of the test's own experiment."""
    local = store.tracking_uri.startswith("sqlite")
    place = (tmp_path / "artifacts").as_uri() if local else None
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
