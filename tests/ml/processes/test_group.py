"""What a process knows of the others, alone and as one of two."""

import pytest
import torch

from dermaflow.ml.processes.group import ALONE, World
from ml.processes.pair import in_two_processes, talk


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """What two processes found, by rank."""
    return in_two_processes(talk, tmp_path_factory.mktemp("group"))


def test_shares_are_the_whole_in_order():
    items = list(range(10))
    for size in (1, 2, 3, 5):
        shares = [items[World(rank, size).share(10)] for rank in range(size)]
        assert [item for share in shares for item in share] == items
        assert max(map(len, shares)) - min(map(len, shares)) <= 1


def test_alone_there_is_nobody_to_ask():
    values = torch.tensor([1.0, 2.0])
    assert World.joined() == ALONE == World(0, 1)
    assert ALONE.first
    assert ALONE.mean(values) is values
    assert [ALONE.any(flag) for flag in (True, False)] == [True, False]
    assert torch.equal(ALONE.gather(values), values)


def test_each_process_has_its_number_and_the_first_is_one_alone(pair):
    assert [found["world"].tolist() for found in pair] == [[0, 2, 1], [1, 2, 0]]


def test_a_mean_is_over_the_processes_and_the_same_in_all(pair):
    assert [found["mean"].tolist() for found in pair] == [[1.5, 5.0]] * 2


def test_what_is_so_in_any_process_is_so_in_all(pair):
    assert [found["any"].tolist() for found in pair] == [[True, True, False]] * 2


def test_parts_of_any_length_are_joined_in_the_order_of_the_processes(pair):
    assert [found["gathered"].tolist() for found in pair] == [[0.0, 10.0, 11.0, 12.0]] * 2


def test_gradients_are_means_and_buffers_each_processes_own(pair):
    assert [found["gradient"].tolist() for found in pair] == [[3.0, 6.0]] * 2  # of 1 and 5 times
    assert [found["buffer"].item() for found in pair] == [0, 1]
