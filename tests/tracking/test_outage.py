"""A server that goes away while a run is open."""

import time

import mlflow
import pytest
from mlflow import MlflowClient

from dermaflow.tracking.config import TrackingConfig
from dermaflow.tracking.sink import current_sink


@pytest.fixture
def trying_again(monkeypatch):
    """Have MLflow try as often as it does by default, whatever a test has left."""
    before = mlflow.get_tracking_uri()

    def set_default():
        monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "7")
        monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "120")

    set_default()
    yield set_default
    mlflow.set_tracking_uri(before)


def test_a_run_whose_server_dies_ends_soon_and_goes_on_when_it_is_back(
    server, tmp_path, monkeypatch, make_tracker, forget_process, trying_again
):
    server.start()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server.uri)
    config = TrackingConfig(
        tracking_uri="sqlite:///unused.db",
        artifact_location="unused",
        experiment="dermaflow",
        system_metrics_interval=1,
    ).resolve(tmp_path)
    tracker = make_tracker({}, config)
    tracker.open()
    run_id = mlflow.active_run().info.run_id

    error = RuntimeError("the real cause")
    with pytest.raises(RuntimeError) as raised, current_sink().part("fold 1", {}, {}):
        server.kill()
        started = time.monotonic()
        raise error
    assert raised.value is error
    tracker.fail(error)
    assert time.monotonic() - started < 60

    server.start()
    trying_again()
    client = MlflowClient(server.uri)
    assert client.get_run(run_id).info.status == "RUNNING"  # nobody could tell it otherwise
    forget_process()
    again = make_tracker({}, config)
    again.open()
    assert mlflow.active_run().info.run_id == run_id
    with current_sink().part("fold 1", {}, {}) as sink:
        sink.log({"loss": 0.5}, 1)
    again.fail(error)
    assert client.get_run(run_id).info.status == "FAILED"
    assert client.get_run(run_id).data.tags["error"] == "RuntimeError: the real cause"
    (fold,) = client.search_runs(
        [client.get_run(run_id).info.experiment_id], f"tags.`mlflow.parentRunId` = '{run_id}'"
    )
    assert (fold.info.status, fold.data.metrics["loss"]) == ("FINISHED", 0.5)
