"""The project's commands in a folder of their own, on a real store."""

import shutil
import socket

import pytest
from click.testing import CliRunner
from kedro.framework.startup import bootstrap_project
from mlflow import MlflowClient

from registered import register_measured


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory):
    """File of a SQLite store without experiments of ours; making one takes MLflow seconds."""
    file = tmp_path_factory.mktemp("empty") / "mlflow.db"
    MlflowClient(f"sqlite:///{file}").search_experiments()
    return file


@pytest.fixture(scope="module")
def store(empty_database, tmp_path_factory):
    """Address of a SQLite store with an empty experiment."""
    folder = tmp_path_factory.mktemp("store")
    shutil.copy(empty_database, folder)
    address = f"sqlite:///{folder}/mlflow.db"
    MlflowClient(address).create_experiment("dermaflow-base", (folder / "artifacts").as_uri())
    return address


@pytest.fixture(scope="module")
def client(store):
    return MlflowClient(store)


@pytest.fixture(scope="session")
def project(tmp_path_factory, copy_project):
    """A folder with the project's configuration; the code is the checkout's."""
    return copy_project(tmp_path_factory.mktemp("project"))


@pytest.fixture(scope="session")
def copy_project(project_path):
    """Copy the project's configuration, of all environments or some, into an empty folder."""

    def copy(folder, *envs):
        for env in envs or ("",):
            ignored = shutil.ignore_patterns("local", "dvc.lock")
            shutil.copytree(
                project_path / "conf" / env,
                folder / "conf" / env,
                ignore=ignored,
                dirs_exist_ok=True,
            )
        shutil.copy(project_path / "pyproject.toml", folder)
        for name in ("src", "logs", "conf/local"):
            (folder / name).mkdir()
        return folder

    return copy


@pytest.fixture
def kedro(project, store, monkeypatch):
    """Run a project command in this process; gives click's result."""

    def run(*arguments, uri=store, folder=project):
        from dermaflow.cli import cli

        monkeypatch.chdir(folder)
        monkeypatch.syspath_prepend(folder / "src")
        bootstrap_project(folder)

        monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
        return CliRunner().invoke(cli, [str(argument) for argument in arguments])

    return run


@pytest.fixture
def register(client, tmp_path):
    """Register a version whose run has figures; gives its number."""

    def make(*figures, **held):
        return register_measured(client, tmp_path, *figures, **held)

    return make


@pytest.fixture
def second(monkeypatch):
    """Have this be node 1 of two; its value is the port on which node 0 would listen."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    variables = {"PET_NNODES": "2", "PET_NODE_RANK": "1", "PET_MASTER_ADDR": "localhost"}
    for name, value in (variables | {"PET_MASTER_PORT": str(port)}).items():
        monkeypatch.setenv(name, value)
    return port
