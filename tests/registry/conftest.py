"""Real registries that tests share, in which each has an experiment and a model's name."""

import mlflow
import pytest
from mlflow import MlflowClient

from dermaflow.tracking.tracking_config import TrackingConfig
from mlflow_runs import Experiment
from registered import register_measured, registry_of


@pytest.fixture(scope="session")
def local_store(tmp_path_factory):
    """Address of a SQLite file that exists; making one takes MLflow seconds."""
    address = f"sqlite:///{tmp_path_factory.mktemp('registry')}/mlflow.db"
    MlflowClient(address).search_experiments(max_results=1)
    return address


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def store(request):
    """Address of a SQLite file, or of a server on PostgreSQL."""
    kind = {"sqlite": "local_store", "postgresql": "team_server"}[request.param]
    return request.getfixturevalue(kind)


@pytest.fixture
def client(store):
    """A client of the store, which is the one that MLflow uses meanwhile."""
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(store)
    yield MlflowClient(store)
    mlflow.set_tracking_uri(before)


@pytest.fixture
def experiment(client, store, request, tmp_path):
    """An experiment of the test's own."""
    folder = tmp_path / "artifacts" if store.startswith("sqlite") else None
    return Experiment(client, request.node.nodeid, folder)


@pytest.fixture
def model(experiment):
    """Name of a model of the test's own, which is not registered yet."""
    return f"model-{experiment.id}"


@pytest.fixture
def config_of():
    """Make the configuration of a store by its address."""
    return lambda address: TrackingConfig(
        tracking_uri=address,
        artifact_location=None,
        experiment="dermaflow",
        system_metrics_interval=0,
        log_pictures=True,
    )


@pytest.fixture
def registry(store, model, tmp_path):
    """The model's registry, for decisions."""
    return registry_of(store, model, tmp_path)


@pytest.fixture
def register(client, experiment, model, tmp_path):
    """Register a version that passes, whatever else is said; gives its number."""

    def make(**held):
        made = register_measured(client, tmp_path, model=model, experiment=experiment.name, **held)
        return str(made)

    return make
