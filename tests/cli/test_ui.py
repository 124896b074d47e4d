"""``kedro ui``: MLflow's own pages of a store, and the address of the runs."""

import json
import os
import subprocess
import sys
import urllib.request

import pytest

from servers import free_port, wait_for_server


@pytest.fixture
def shown(project, store):
    """A ``kedro ui`` that serves; its port and the line that it has printed."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "kedro", "ui", "--port", str(port)],
        cwd=project,
        env=os.environ | {"MLFLOW_TRACKING_URI": store},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    yield port, process.stdout.readline().strip()
    process.terminate()
    process.wait(60)


@pytest.mark.slow
def test_it_serves_the_store_and_names_the_page_of_the_runs(shown, client):
    port, line = shown
    number = client.get_experiment_by_name("dermaflow-base").experiment_id
    server = f"http://127.0.0.1:{port}"
    page = f"/#/experiments/{number}/runs?workflowType=machine_learning"
    assert line == f"The runs: {server}{page}"
    wait_for_server(server)
    asked = f"{server}/api/2.0/mlflow/experiments/get?experiment_id={number}"
    with urllib.request.urlopen(asked, timeout=30) as answer:
        assert json.load(answer)["experiment"]["name"] == "dermaflow-base"


def test_without_a_run_it_says_what_makes_one(kedro, tmp_path):
    done = kedro("ui", uri=f"sqlite:///{tmp_path}/none.db")
    assert done.exit_code == 13
    assert "there is no tracking store" in done.stderr
    assert "`kedro run` makes it" in done.stderr
