"""``kedro train-node`` and ``kedro run`` on several nodes: who does what, and what is refused."""

import socket

import pytest

SECOND = {"PET_NNODES": "2", "PET_NODE_RANK": "1", "PET_MASTER_ADDR": "localhost"}


@pytest.fixture
def second(monkeypatch):
    """The variables of node 1; nobody listens where node 0 would."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    for name, value in (SECOND | {"PET_MASTER_PORT": str(port)}).items():
        monkeypatch.setenv(name, value)
    return port


def test_only_node_0_runs_the_pipeline(kedro, project, second):
    done = kedro("run", "--env", "smoke", "--pipelines", "train", folder=project)
    assert done.exit_code == 2
    assert "node 1 of 2" in done.output
    assert "kedro train-node" in done.output


def test_a_node_without_node_0_ends_in_time_with_one_line(kedro, project, second):
    done = kedro(
        "train-node", "--env", "smoke", "--params", "train.timeout_seconds=0.5", folder=project
    )
    assert done.exit_code == 14
    assert f"Error: node 0 (localhost:{second}) began no run within 0.5 seconds" in done.output


def test_node_0_does_as_kedro_run(kedro, project, second, monkeypatch):
    monkeypatch.setenv("PET_NODE_RANK", "0")
    done = kedro("train-node", "--env", "smoke", "--pipelines", "trian", folder=project)
    assert done.exit_code == 2
    assert "no pipeline 'trian'" in done.output


@pytest.mark.parametrize("command", [("run",), ("train-node",)])
def test_a_wrong_variable_is_named(kedro, project, second, monkeypatch, command):
    monkeypatch.setenv("PET_NODE_RANK", "two")
    done = kedro(*command, "--env", "smoke", folder=project)
    assert done.exit_code == 3
    assert "PET_NODE_RANK" in done.output
