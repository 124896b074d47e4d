"""What a node takes part in, and what it tells node 0 otherwise."""

import hashlib
import socket
from concurrent.futures import ThreadPoolExecutor

import pytest

from dermaflow.ml.processes import node_store
from dermaflow.ml.processes.node_store import NodeLeader, NodeServer
from dermaflow.ml.processes.nodes import Nodes
from dermaflow.ml.training.join_trainings import RunEnd, join_trainings

TIMEOUT = 2.0  # seconds; each file that is not node 0's is waited for as long
ENOUGH = 60.0  # seconds, on a busy machine too
END = RunEnd(14, "node 1 was lost")


@pytest.fixture
def node_0(monkeypatch):
    """Node 0 of two, which keeps the store."""
    monkeypatch.setattr(node_store, "SECONDS_BETWEEN_BEATS", 0.1)
    with socket.socket() as free:
        free.bind(("localhost", 0))
        return Nodes(0, 2, "localhost", free.getsockname()[1])


def heard_by(nodes, *messages):
    """What node 1 says of each message, and the end that it hears."""
    server, leader = NodeServer(nodes), NodeLeader(nodes)
    with ThreadPoolExecutor() as pool:
        joined = pool.submit(join_trainings, Nodes(1, 2, nodes.host, nodes.port), TIMEOUT)
        leader.wait_for_others(ENOUGH)  # a run that fails does not wait for those yet to come
        said = [leader.why(leader.tell(message), "") for message in messages]
        server.close(*END, ENOUGH)
        return said, joined.result(ENOUGH)


def test_a_run_without_trainings_is_heard_to_the_end(node_0):
    assert heard_by(node_0) == ([], END)


def test_a_file_that_node_0_did_not_write_is_not_trained_by(node_0, tmp_path):
    """Neither one of an older run nor one that is not there."""
    old = tmp_path / "job.json"
    old.write_text("{}")
    told = [
        {"job": str(old), "sha256": hashlib.sha256(b"the new one").hexdigest()},
        {"job": str(tmp_path / "elsewhere.json"), "sha256": ""},
    ]
    said, end = heard_by(node_0, *told)
    for message, text in zip(told, said, strict=True):
        assert text.startswith(f"node 1: {message['job']} is not what node 0 wrote there")
    assert end == END
