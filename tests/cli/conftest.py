"""The project's commands in a folder of their own, on a real store."""

import shutil

import pytest
from click.testing import CliRunner
from kedro.framework.startup import bootstrap_project
from mlflow import MlflowClient


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Address of a SQLite store with an empty experiment; making one takes MLflow seconds."""
    folder = tmp_path_factory.mktemp("store")
    address = f"sqlite:///{folder}/mlflow.db"
    MlflowClient(address).create_experiment("dermaflow", (folder / "artifacts").as_uri())
    return address


@pytest.fixture(scope="module")
def client(store):
    return MlflowClient(store)


@pytest.fixture(scope="session")
def project(tmp_path_factory, project_path):
    """A folder with the project's configuration; the code is the checkout's."""
    folder = tmp_path_factory.mktemp("project")
    shutil.copytree(project_path / "conf", folder / "conf", ignore=shutil.ignore_patterns("local"))
    shutil.copy(project_path / "pyproject.toml", folder)
    for name in ("src", "logs", "conf/local"):
        (folder / name).mkdir()
    return folder


@pytest.fixture
def kedro(project, store, monkeypatch):
    """Run a project command in this process; gives click's result."""
    monkeypatch.chdir(project)
    monkeypatch.syspath_prepend(project / "src")
    bootstrap_project(project)

    def run(*arguments, uri=store):
        from dermaflow.cli import cli

        monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
        return CliRunner().invoke(cli, [str(argument) for argument in arguments])

    return run
