"""Draws for a batch that several processes share."""

import pytest
import torch

from dermaflow.ml.augmentation.batch_random import Draws
from dermaflow.ml.processes.group import World

COUNT = 6  # images of the whole batch


def shares(size):
    return [Draws(torch.Generator().manual_seed(3), World(rank, size)) for rank in range(size)]


@pytest.mark.parametrize("size", [1, 2, 3])
def test_an_image_draws_the_same_however_many_processes_share_the_batch(size):
    alone, processes = Draws(torch.Generator().manual_seed(3)), shares(size)
    own = COUNT // size
    for draw in (lambda draws, n: draws.uniform(n, 4), lambda draws, n: draws.integers(1000, n)):
        whole = draw(alone, COUNT)
        assert len(whole.unique()) > COUNT / 2
        assert torch.equal(torch.cat([draw(draws, own) for draws in processes]), whole)


def test_what_holds_for_the_batch_is_the_same_in_all_processes_and_leaves_them_in_step():
    first, second = shares(2)
    assert first.common(3) == second.common(3)
    first.uniform(2, 4), second.uniform(2, 4)
    first.integers(5, 2), second.integers(5, 2)
    assert torch.equal(first.generator.get_state(), second.generator.get_state())


def test_numbers_have_the_range_and_the_precision_that_they_are_drawn_in():
    (draws,) = shares(1)
    numbers = draws.integers(3, 200)
    assert numbers.dtype == torch.int64
    assert set(numbers.tolist()) == {0, 1, 2}
    uniform = draws.uniform(200, 2, 3)
    assert (uniform.dtype, uniform.shape) == (torch.float32, (200, 2, 3))
    assert 0 <= uniform.min() < 0.05
    assert 0.95 < uniform.max() < 1
    (number,) = draws.common(1)
    assert torch.tensor(number, dtype=torch.float64).float().double() != number  # beyond float32
