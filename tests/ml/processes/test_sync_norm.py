"""Batch norm over two processes is that of the whole batch."""

import pytest
import torch
from torch import nn

from dermaflow.ml.processes.sync_norm import SyncBatchNorm2d, synchronised
from ml.processes.pair import CPU, in_two_processes, norm_and_images, normalise, weigh


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """What two processes found, by rank."""
    return in_two_processes(normalise, tmp_path_factory.mktemp("normalise"))


def test_a_synchronised_network_is_the_same_network():
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Sequential(nn.BatchNorm2d(4)))
    network[1].running_mean.uniform_()
    network[1].eps, network[1].momentum = 0.5, 0.25
    network[2][0].weight.requires_grad_(False)
    network[2][0].eval()
    before = {key: value.clone() for key, value in network.state_dict().items()}
    assert synchronised(network, CPU.device) is network
    first, second = network[1], network[2][0]
    assert isinstance(first, SyncBatchNorm2d)
    assert isinstance(second, SyncBatchNorm2d)
    assert (first.eps, first.momentum, first.training) == (0.5, 0.25, True)
    assert (second.weight.requires_grad, second.bias.requires_grad) == (False, True)
    assert not second.training
    after = network.state_dict()
    assert list(after) == list(before)
    assert all(torch.equal(after[key], before[key]) for key in before)


def test_in_evaluation_it_asks_nobody_and_uses_what_it_followed():
    norm, images = norm_and_images()
    norm(images)
    network = synchronised(nn.Sequential(norm), CPU.device).eval()
    assert torch.equal(network(images), norm.eval()(images))


@pytest.mark.parametrize(("name", "far"), [("near", 0.0), ("far", 3000.0)])
def test_statistics_and_gradients_are_those_of_the_whole_batch(pair, name, far):
    """Far from 0, a mean of squares less a squared mean would have lost the variance."""
    norm, images = norm_and_images(far)
    output = norm(images)
    weigh(output, 0).backward()
    tolerance = {"atol": 1e-5, "rtol": 1e-4} if name == "near" else {"atol": 0.01, "rtol": 0.01}
    for key, whole in {"output": output, "gradient": images.grad}.items():
        joined = torch.cat([part[f"{name}/{key}"] for part in pair])
        torch.testing.assert_close(joined, whole.detach(), **tolerance)
    weight = pair[0][f"{name}/weight_gradient"] + pair[1][f"{name}/weight_gradient"]
    torch.testing.assert_close(weight, norm.weight.grad, atol=10 * tolerance["atol"], rtol=0.01)
    for part in pair:
        for key, value in norm.named_buffers():
            torch.testing.assert_close(part[f"{name}/{key}"], value)


def test_half_precision_comes_out_as_it_went_in_with_statistics_in_full(pair):
    _, images = norm_and_images()
    norm = nn.BatchNorm2d(5).train()
    norm(images.detach().bfloat16().float())
    # Each has the whole batch: twice as many numbers, of which the variance loses one all the same.
    count = images.numel() // 5
    unbiased = (2 * count / (2 * count - 1)) / (count / (count - 1))
    expected = 0.9 + (norm.running_var - 0.9) * unbiased
    for part in pair:
        assert part["half"].dtype == torch.bfloat16
        assert part["half/running_var"].dtype == torch.float32
        torch.testing.assert_close(part["half/running_var"], expected, atol=1e-4, rtol=1e-3)
