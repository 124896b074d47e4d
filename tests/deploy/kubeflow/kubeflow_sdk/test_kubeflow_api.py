"""Runs and recurring runs, at a server that speaks Kubeflow's API."""

import json
import socket

import pytest

from deploy.kubeflow.api_server import ApiServer
from dermaflow.errors import EngineError


@pytest.fixture
def server():
    with ApiServer() as server:
        yield server


@pytest.fixture
def request_of(compiled, server):
    """A request on the project's chain."""

    def make(**changes):
        place = {"host": server.uri, "namespace": None, "experiment": "dermaflow"}
        return place | compiled()._asdict() | {"params": "seed=3", "wait": False} | changes

    return make


def test_a_run_is_submitted_with_its_parameters(sdk, server, request_of):
    answer = sdk("run", **request_of())
    assert answer == {
        "run_id": "r1",
        "state": "PENDING",
        "failed": False,
        "url": f"{server.uri}/#/runs/details/r1",
    }
    sent = server.sent["runs"]
    assert sent["runtime_config"]["parameters"] == {"params": "seed=3"}
    assert sent["experiment_id"] == "e1"
    assert "comp-train" in json.dumps(sent["pipeline_spec"])


@pytest.mark.parametrize(("last", "failed"), [("SUCCEEDED", False), ("FAILED", True)])
def test_waiting_ends_with_the_run(sdk, server, request_of, last, failed):
    server.states = [last]
    answer = sdk("run", **request_of(wait=True))
    assert (answer["state"], answer["failed"]) == (last, failed)


def test_a_schedule_runs_one_at_a_time_and_makes_up_for_none(sdk, server, request_of):
    answer = sdk("schedule", **request_of(cron="0 0 2 * * *"))
    assert answer == {"id": "s1", "name": "dermaflow-base"}
    sent = server.sent["recurringruns"]
    assert sent["trigger"]["cron_schedule"]["cron"] == "0 0 2 * * *"
    assert int(sent["max_concurrency"]) == 1
    assert sent["no_catchup"] is True


def test_states_are_told_of_tasks_and_of_the_newest_runs(sdk, server):
    server.states = ["RUNNING"]
    place = {"host": server.uri, "namespace": None}
    assert sdk("status", run_id="r1", **place)["lines"] == [
        "r1  RUNNING  a run",
        "  ingest: SUCCEEDED",
    ]
    assert len(sdk("status", run_id=None, **place)["lines"]) == 2


def test_no_server_is_one_line(sdk, request_of):
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        free = f"http://127.0.0.1:{sock.getsockname()[1]}"
    with pytest.raises(EngineError, match=f"no server answers at {free}"):
        sdk("run", **request_of(host=free))


def test_a_refusal_says_what_kubeflow_said(sdk, server):
    with pytest.raises(EngineError, match=r"refuses .404.*no run gone"):
        sdk("status", run_id="gone", host=server.uri, namespace=None)
