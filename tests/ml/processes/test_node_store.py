"""What nodes hear of one another, and how soon they know that one was lost."""

import dataclasses
import socket
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from dermaflow.errors import TrainingError
from dermaflow.ml.processes import node_store
from dermaflow.ml.processes.node_store import NodeLeader, NodeMember, NodeServer
from dermaflow.ml.processes.nodes import Nodes

TIMEOUT = 20  # seconds


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(node_store, "SECONDS_TO_TELL", 1.5)
    monkeypatch.setattr(node_store, "SECONDS_BETWEEN_LOOKS", 0.05)
    monkeypatch.setattr(node_store, "SECONDS_BETWEEN_BEATS", 0.1)


@pytest.fixture
def nodes():
    """Node 0 of three, on a port that is free."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        return Nodes(0, 3, "localhost", free.getsockname()[1])


def other(nodes, rank):
    return dataclasses.replace(nodes, rank=rank)


@pytest.fixture
def together(nodes):
    """The server of node 0, and both other nodes."""
    server = NodeServer(nodes)
    return server, [NodeMember(other(nodes, rank), TIMEOUT) for rank in (1, 2)]


def test_all_hear_all_in_order_and_the_end_at_last(nodes, together):
    server, members = together
    leader = NodeLeader(nodes)
    leader.wait_for_others(TIMEOUT)
    assert [leader.tell({"job": name}) for name in "ab"] == [1, 2]
    with ThreadPoolExecutor() as pool:
        closing = pool.submit(server.close, 0, "", TIMEOUT)
        for member in members:
            assert [member.listen() for _ in range(3)] == [
                (1, {"job": "a"}),
                (2, {"job": "b"}),
                (3, {"exit_code": 0, "error": ""}),
            ]
            assert not closing.done()
            member.leave()
        closing.result(TIMEOUT)


def test_node_0_says_what_each_said_and_who_was_lost(nodes, together):
    server, members = together
    number = NodeLeader(nodes).tell({"job": "a"})
    members[1].report(number, "exit code -9")
    assert NodeLeader(nodes).why(number, "closed by peer") == (
        "node 1 of 3 was lost. node 0: closed by peer; node 2: exit code -9"
    )
    server.close(14, "", TIMEOUT)


def test_a_node_that_is_started_again_waits_for_the_next_run(nodes, together):
    """The run that has lost it cannot take it in any more."""
    server, _ = together
    with ThreadPoolExecutor() as pool:
        again = pool.submit(NodeMember, other(nodes, 1), TIMEOUT)
        number = NodeLeader(nodes).tell({"job": "of the run that has lost node 1"})
        assert NodeLeader(nodes).why(number, "").startswith("node 1, node 2 of 3 was lost")
        server.close(14, "node 1 was lost", TIMEOUT)
        assert not again.done()
        following = NodeServer(nodes)
        NodeLeader(nodes).tell({"job": "of the next run"})
        assert again.result(TIMEOUT).listen() == (1, {"job": "of the next run"})
        again.result().leave()
        following.close(14, "", TIMEOUT)


def test_nodes_that_do_not_come_are_named_in_time(nodes):
    server = NodeServer(nodes)
    member = NodeMember(other(nodes, 1), TIMEOUT)
    with pytest.raises(TrainingError, match=r"node 2 of 3 did not come within 0\.5 seconds"):
        NodeLeader(nodes).wait_for_others(0.5)
    member.leave()
    server.close(14, "", TIMEOUT)


def test_without_node_0_a_node_ends_in_time(nodes):
    began = time.monotonic()
    with pytest.raises(TrainingError, match=rf"localhost:{nodes.port}\) began no run within 1 sec"):
        NodeMember(other(nodes, 1), 1)
    assert time.monotonic() - began < 1 + node_store._CONNECT


def test_node_0_that_shows_no_sign_of_life_is_lost(nodes, together):
    server, members = together
    members[0]._timeout = 0.5
    server._ended.set()  # as if its host had lost the network
    with pytest.raises(TrainingError, match=r"node 0 .* was lost"):
        members[0].listen()


def test_a_port_that_is_taken_is_named(nodes):
    server = NodeServer(nodes)
    with pytest.raises(TrainingError, match=f"port {nodes.port} .* is taken"):
        NodeServer(nodes)
    server.close(14, "", TIMEOUT)
