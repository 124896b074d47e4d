"""Whether what was registered is still there, in real registries."""

import json
import shutil
import subprocess
import sys

import pytest

from dermaflow.errors import TrackingError
from dermaflow.registry.look_up_version import is_registered
from dermaflow.tracking.tracking_config import TrackingConfig, sqlite_file


@pytest.fixture
def registration(tmp_path, model):
    """What the register stage writes of version 2."""
    file = tmp_path / "registration.json"
    file.write_text(json.dumps({"name": model, "version": "2", "model_uri": "", "run_id": ""}))
    return file


@pytest.fixture
def files(tmp_path):
    """What all versions hold."""
    folder = tmp_path / "a model"
    folder.mkdir()
    (folder / "MLmodel").touch()
    return folder


@pytest.fixture
def register(client, model, store, files):
    """Register versions of the model. A server takes no source that is a folder of the client."""
    client.create_registered_model(model)
    source = files.as_uri() if store.startswith("sqlite") else "s3://a-bucket/a-model"

    def make(times):
        for _ in range(times):
            client.create_model_version(model, source)

    return make


def test_a_version_is_there_until_it_or_its_model_is_deleted(
    client, model, register, registration, config_of, store
):
    config = config_of(store)
    assert not is_registered(config, registration)
    register(1)
    assert not is_registered(config, registration)
    register(2)
    assert is_registered(config, registration)
    client.delete_model_version(model, "3")
    assert is_registered(config, registration)
    client.delete_model_version(model, "2")
    assert not is_registered(config, registration)


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_a_version_whose_files_are_gone_cannot_be_loaded(
    register, registration, config_of, store, files
):
    register(2)
    (files / "MLmodel").unlink()
    assert not is_registered(config_of(store), registration)


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_in_a_moved_project_the_files_are_looked_for_where_they_are_now(
    client, model, registration, store, tmp_path, monkeypatch
):
    """The database names the old folder until the next run that logs anything."""
    client.create_registered_model(model)
    for _ in range(2):
        client.create_model_version(model, (tmp_path / "old/mlflow/artifacts/1/m").as_uri())
    project = tmp_path / "new"
    files = project / "mlflow/artifacts/1/m/MLmodel"
    files.parent.mkdir(parents=True)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)  # as MLflow leaves it
    shutil.copy(sqlite_file(store), project / "mlflow/mlflow.db")
    config = TrackingConfig(
        tracking_uri="sqlite:///mlflow/mlflow.db",
        artifact_location="mlflow/artifacts",
        experiment="dermaflow",
        system_metrics_interval=0,
        log_pictures=True,
    ).resolve(project)
    assert not is_registered(config, registration)
    files.touch()
    assert is_registered(config, registration)


def test_a_model_that_is_deleted_takes_its_versions_along(
    client, model, register, registration, config_of, store
):
    register(2)
    client.delete_registered_model(model)
    assert not is_registered(config_of(store), registration)


def test_a_registry_that_is_gone_or_empty_holds_nothing(registration, config_of, tmp_path):
    address = f"sqlite:///{tmp_path}/mlflow.db"
    assert not is_registered(config_of(address), registration)
    assert not (tmp_path / "mlflow.db").exists()  # looking makes no database
    (tmp_path / "mlflow.db").touch()
    assert not is_registered(config_of(address), registration)


def test_a_damaged_database_is_no_answer(registration, config_of, tmp_path):
    (tmp_path / "mlflow.db").write_bytes(b"no database" * 1000)
    with pytest.raises(TrackingError, match=r"mlflow\.db: file is not a database"):
        is_registered(config_of(f"sqlite:///{tmp_path}/mlflow.db"), registration)


def test_a_registry_of_its_own_is_the_one_that_is_asked(
    monkeypatch, register, registration, config_of, store, tmp_path
):
    register(2)
    elsewhere = config_of(f"sqlite:///{tmp_path}/mlflow.db")
    assert not is_registered(elsewhere, registration)
    monkeypatch.setenv("MLFLOW_REGISTRY_URI", store)
    assert is_registered(elsewhere, registration)


def test_asking_does_not_import_mlflow(register, registration, config_of, store):
    register(2)
    code = (
        "import sys; from pathlib import Path;"
        "from dermaflow.registry.look_up_version import is_registered;"
        "from dermaflow.tracking.tracking_config import TrackingConfig;"
        "config = TrackingConfig.model_validate_json(sys.argv[1]);"
        "print(is_registered(config, Path(sys.argv[2])), 'mlflow' in sys.modules)"
    )
    command = [sys.executable, "-c", code, config_of(store).model_dump_json(), str(registration)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "False"]
