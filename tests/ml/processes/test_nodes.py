"""Which node this is, by the variables of Kubeflow Trainer and torchrun."""

import pytest

from dermaflow.errors import ParameterError
from dermaflow.ml.processes.nodes import Nodes

SECOND = {
    "PET_NNODES": "2",
    "PET_NPROC_PER_NODE": "auto",
    "PET_NODE_RANK": "1",
    "PET_MASTER_ADDR": "train-node-0-0.train",
    "PET_MASTER_PORT": "29500",
}


def test_without_variables_or_others_a_node_is_alone():
    assert Nodes.from_environment({}) == Nodes.from_environment({"PET_NNODES": "1"}) == Nodes()
    assert list(Nodes().others) == []


def test_variables_say_which_node_this_is():
    assert Nodes.from_environment(SECOND) == Nodes(1, 2, "train-node-0-0.train", 29500)
    assert Nodes.from_environment(SECOND | {"PET_MASTER_PORT": ""}).port == 29400
    assert list(Nodes(count=3).others) == [1, 2]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PET_NNODES", "1:2"),
        ("PET_NNODES", "0"),
        ("PET_NODE_RANK", "2"),
        ("PET_NODE_RANK", "-1"),
        ("PET_NODE_RANK", ""),
        ("PET_MASTER_ADDR", ""),
        ("PET_MASTER_PORT", "65536"),
    ],
)
def test_a_wrong_variable_is_named(name, value):
    with pytest.raises(ParameterError, match=name):
        Nodes.from_environment(SECOND | {name: value})


def test_nodes_have_equally_many_processes():
    assert Nodes(count=2).share(8) == 4
    assert Nodes().share(1) == 1
    for processes in (1, 3):
        with pytest.raises(ParameterError, match=rf"train.processes is {processes}, .* 2 nodes"):
            Nodes(count=2).share(processes)
