"""What training calls in the network's place, as far as a CPU shows it."""

import pytest
import torch

from dermaflow.ml.runtime import Runtime
from dermaflow.ml.training.acceleration import accelerate
from dermaflow.ml.training.batches import BatchDataset, fits_beside_training
from ml.recipes import make_params
from ml.small_training import make_sets, small_network

CPU = Runtime(torch.device("cpu"), torch.float32)


def test_on_a_cpu_the_network_itself_is_called_and_images_stay_in_the_store(tmp_path):
    network = small_network()
    assert accelerate(network, [(8, 16, 16)], False, CPU) is network
    train, _ = make_sets(tmp_path)
    assert not fits_beside_training(BatchDataset([train]), CPU.device)


@pytest.mark.slow
def test_a_compiled_network_gives_the_same_logits_and_gradients():
    network, inputs = small_network(), torch.rand(8, 3, 16, 16)
    network.eval()(inputs).square().sum().backward()
    expected = {name: weight.grad.clone() for name, weight in network.named_parameters()}
    network.zero_grad()
    compiled = accelerate(network, [(8, 16, 16)], True, CPU)
    compiled(inputs).square().sum().backward()
    for name, weight in network.named_parameters():
        torch.testing.assert_close(weight.grad, expected[name])


def test_several_processes_refuse_to_compile():
    with pytest.raises(ValueError, match="compile: several processes"):
        make_params(compile=True, processes=2)
