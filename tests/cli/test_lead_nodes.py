"""``kedro run`` as one of several nodes: only node 0 runs, and the others hear how it ended."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from dermaflow.ml.processes.nodes import Nodes
from dermaflow.ml.training.join_trainings import join_trainings


def test_only_node_0_runs_the_pipeline(kedro, project, second):
    done = kedro("run", "--env", "smoke", "--pipelines", "train", folder=project)
    assert done.exit_code == 2
    assert "node 1 of 2" in done.output
    assert "kedro train-node" in done.output


def test_the_others_hear_how_the_run_ended(kedro, project, second, monkeypatch):
    monkeypatch.setenv("PET_NODE_RANK", "0")
    with ThreadPoolExecutor() as pool:
        member = pool.submit(join_trainings, Nodes(1, 2, "localhost", second), 120)
        done = kedro("run", "--env", "smoke", "--pipelines", "train", folder=project)
        end = member.result(60)
    assert done.exit_code == end.exit_code != 0
    assert end.error in " ".join(done.output.split())


@pytest.mark.parametrize("command", [("run",), ("train-node",)])
def test_a_wrong_variable_is_named(kedro, project, second, monkeypatch, command):
    monkeypatch.setenv("PET_NODE_RANK", "two")
    done = kedro(*command, "--env", "smoke", folder=project)
    assert done.exit_code == 3
    assert "PET_NODE_RANK" in done.output
