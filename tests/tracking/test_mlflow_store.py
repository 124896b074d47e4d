"""MLflow stores that cannot be used, and one behind a real server."""

import sqlite3
import subprocess
import sys
import time

import pytest
from mlflow import MlflowClient

from dermaflow.errors import TrackingError
from dermaflow.tracking.mlflow_store import open_store
from dermaflow.tracking.tracked_run import TrackedRun
from dermaflow.tracking.tracking_config import TrackingConfig

VALUES = {
    "tracking_uri": "sqlite:///mlflow.db",
    "artifact_location": "artifacts",
    "experiment": "dermaflow",
    "system_metrics_interval": 0,
    "log_pictures": True,
}


def test_a_server_that_does_not_answer_is_named_at_once(server, tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server.uri)
    started = time.monotonic()
    said = rf"no MLflow server answers at {server.uri}.*TRACKING_URI"
    with pytest.raises(TrackingError, match=said):
        open_store(TrackingConfig(**VALUES).resolve(tmp_path))
    assert time.monotonic() - started < 30


def test_a_database_of_another_version_asks_for_its_upgrade(tmp_path, monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    config = TrackingConfig(**VALUES).resolve(tmp_path)
    open_store(config)
    with sqlite3.connect(tmp_path / "mlflow.db") as database:
        database.execute("UPDATE alembic_version SET version_num = '451aebb31d03'")
    code = (
        "import sys; from dermaflow.tracking.tracking_config import TrackingConfig;"
        "from dermaflow.tracking.mlflow_store import open_store;"
        "open_store(TrackingConfig.model_validate_json(sys.argv[1]))"
    )  # in a process of its own, for MLflow remembers the stores it has opened
    command = [sys.executable, "-c", code, config.model_dump_json()]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("dermaflow.errors.TrackingError")
    assert f"mlflow db upgrade sqlite:///{tmp_path}/mlflow.db" in last


def test_opening_a_store_does_not_look_like_the_users_choice(tmp_path, monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    config = TrackingConfig(**VALUES)
    open_store(config.resolve(tmp_path))
    assert config.resolve(tmp_path / "other").tracking_uri.endswith("other/mlflow.db")


def test_a_run_on_a_real_server_needs_the_address_alone(server, tmp_path, monkeypatch):
    server.start()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server.uri)
    config = TrackingConfig(**VALUES).resolve(tmp_path)
    run = TrackedRun(config, "on a server", {}, tmp_path / "open_runs")
    run.log_content("kept by the server", "notes/a.txt")
    run.close("FINISHED")
    assert MlflowClient(server.uri).get_run(run.run_id).info.status == "FINISHED"
    assert [path.name for path in (tmp_path / "server").rglob("a.txt")] == ["a.txt"]
    assert not (tmp_path / "mlflow.db").exists()
