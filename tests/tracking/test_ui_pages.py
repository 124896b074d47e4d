"""Where MLflow shows what."""

import pytest

from dermaflow.tracking.tracking_config import TrackingConfig
from dermaflow.tracking.ui_pages import run_page, runs_page


@pytest.mark.parametrize(
    ("uri", "server"),
    [
        ("sqlite:////srv/mlflow.db", "http://127.0.0.1:5000"),
        ("postgresql://ward:secret@db/runs", "http://127.0.0.1:5000"),
        ("https://mlflow.example.org/", "https://mlflow.example.org"),
        ("https://ward:secret@mlflow.example.org", "https://mlflow.example.org"),
    ],
)
def test_pages_are_the_servers_or_those_that_kedro_ui_shows(uri, server):
    there = TrackingConfig(
        tracking_uri=uri,
        artifact_location=None,
        experiment="dermaflow",
        system_metrics_interval=0,
        log_pictures=True,
    )
    view = "?workflowType=machine_learning"
    assert runs_page(there, "7") == f"{server}/#/experiments/7/runs{view}"
    assert runs_page(there, None) == f"{server}/#/experiments"
    assert run_page(there, "7", "c0ffee") == f"{server}/#/experiments/7/runs/c0ffee{view}"
