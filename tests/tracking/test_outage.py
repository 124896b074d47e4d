"""A server that goes away while a run is open."""

import logging
import os
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import mlflow
import pytest
import requests
from mlflow import MlflowClient

from dermaflow.errors import TrackingError
from dermaflow.tracking.mlflow_sink import current_sink
from dermaflow.tracking.outage import unheard
from dermaflow.tracking.store_answer import require_answer
from dermaflow.tracking.tracked_run import TrackedRun
from dermaflow.tracking.tracking_config import TrackingConfig
from waiting import wait_until

RETRIES = "MLFLOW_HTTP_REQUEST_MAX_RETRIES"


@pytest.fixture(params=["503", "nonsense", "200"])
def answering(request):
    """A server that says that MLflow is not there, one that speaks no HTTP, and a good one."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            if request.param == "nonsense":
                self.wfile.write(b"nonsense\r\n\r\n")
            else:
                self.send_response(int(request.param))
                self.end_headers()

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", request.param
    server.shutdown()
    server.server_close()


def test_last_words_are_tried_once_where_no_mlflow_answers(answering, monkeypatch, caplog):
    uri, answer = answering
    mlflow.set_tracking_uri(uri)
    monkeypatch.setenv(RETRIES, "5")
    monkeypatch.delenv("MLFLOW_HTTP_REQUEST_TIMEOUT", raising=False)
    with caplog.at_level(logging.WARNING), unheard("The end"):
        tried = os.environ[RETRIES]
        raise RuntimeError("a failure of MLflow")
    assert tried == ("5" if answer == "200" else "0")
    assert os.environ[RETRIES] == "5"
    assert "MLFLOW_HTTP_REQUEST_TIMEOUT" not in os.environ
    assert caplog.messages == ["The end could not be told to MLflow: a failure of MLflow"]


def test_a_run_whose_server_dies_ends_soon_and_goes_on_when_it_is_back(
    server, tmp_path, monkeypatch, make_tracker
):
    server.start()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server.uri)
    monkeypatch.delenv(RETRIES, raising=False)
    config = TrackingConfig(
        tracking_uri="sqlite:///unused.db",
        artifact_location="unused",
        experiment="dermaflow",
        system_metrics_interval=1,
        log_pictures=True,
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
    client = MlflowClient(server.uri)
    assert client.get_run(run_id).info.status == "RUNNING"  # nobody could tell it otherwise
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


def test_a_run_outlives_a_database_that_is_killed_and_comes_back(cluster, team_server, open_runs):
    config = TrackingConfig(
        tracking_uri=team_server,
        artifact_location=None,
        experiment="dermaflow",
        system_metrics_interval=0,
        log_pictures=True,
    )
    run = TrackedRun(config, "through an outage", {}, open_runs)
    question = f"{team_server}/api/2.0/mlflow/experiments/get?experiment_id=0"
    sink = current_sink()
    cluster.kill()
    try:
        logging_on = threading.Thread(target=sink.log, args=({"loss": 0.5}, 1))
        logging_on.start()
        wait_until(lambda: requests.get(question, timeout=30).status_code == 503)
        # Within a run MLflow tries again for minutes; who begins one is told at once.
        said = f"{team_server} answers, but its database does not"
        with pytest.raises(TrackingError, match=said):
            require_answer(team_server)
        assert logging_on.is_alive()
    finally:
        cluster.start()
    logging_on.join(240)
    run.close("FINISHED")
    found = MlflowClient(team_server).get_run(run.run_id)
    assert found.data.metrics == {"loss": 0.5}
    assert found.info.status == "FINISHED"
