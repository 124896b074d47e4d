"""A group of two processes, and what they do together."""

import multiprocessing
import sys
from datetime import timedelta

import torch
from safetensors.torch import load_file, save_file
from torch import distributed, nn

from dermaflow.ml.processes.group import World
from dermaflow.ml.processes.sync_norm import synchronised
from dermaflow.ml.runtime import Runtime

TIMEOUT = 60  # seconds
CPU = Runtime(torch.device("cpu"), torch.float32)


def in_two_processes(function, folder):
    """Call a function of this module in each process of a group; its tensors by rank."""
    # A fork has imported all already. One with a GPU's threads behind it cannot work.
    forks = sys.platform == "linux" and not torch.cuda.is_available()
    context = multiprocessing.get_context("fork" if forks else "spawn")
    processes = [context.Process(target=_join, args=(function, folder, rank)) for rank in (0, 1)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(TIMEOUT)
        process.kill()
        assert process.exitcode == 0
    return [load_file(folder / f"{rank}.safetensors") for rank in (0, 1)]


def _join(function, folder, rank):
    torch.set_num_threads(1)
    store = distributed.FileStore(str(folder / "group"), 2)
    timeout = timedelta(seconds=TIMEOUT)
    distributed.init_process_group("gloo", store=store, rank=rank, world_size=2, timeout=timeout)
    try:
        found = function(World.joined())
    finally:
        distributed.destroy_process_group()
    tensors = {name: value.detach().contiguous() for name, value in found.items()}
    save_file(tensors, folder / f"{rank}.safetensors")


class NormedLine(nn.Module):
    """A weight and a buffer, of a value that is the process's own."""

    def __init__(self, own):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(2))
        self.register_buffer("kept", torch.tensor(float(own)))

    def forward(self, inputs):
        return inputs * self.weight


def talk(world):
    """All that a world does with others."""
    rank = world.rank
    network = NormedLine(rank)
    shared = world.wrap(network, CPU)
    shared(torch.tensor([1.0, 2.0]) * (1 + 4 * rank)).sum().backward()
    return {
        "world": torch.tensor([world.rank, world.size, int(world.first)]),
        "mean": world.mean(torch.tensor([1.0 + rank, 10.0 * rank])),
        "any": torch.tensor([world.any(flag) for flag in (rank == 1, rank == 0, False)]),
        "gathered": world.gather(torch.arange(1 + 2 * rank).float() + 10 * rank),
        "gradient": network.weight.grad,
        "buffer": network.kept,
    }


def norm_and_images(far=0.0):
    """A batch norm in training and a batch with means far from 0."""
    random = torch.Generator().manual_seed(0)
    norm = nn.BatchNorm2d(5).train()
    with torch.no_grad():
        norm.weight.copy_(torch.rand(5, generator=random) + 0.5)
        norm.bias.copy_(torch.randn(5, generator=random))
    images = torch.randn(8, 5, 6, 4, generator=random) * 3 + torch.arange(5).view(5, 1, 1)
    return norm, (images + far).requires_grad_()


def weigh(output, first):
    """A loss with another weight for each number; ``first`` is that of the whole batch."""
    places = torch.arange(first, first + output.numel(), dtype=torch.float32)
    return (output * places.view_as(output).sin()).sum()


def normalise(world):
    """Normalise this process's half of the batch, forward and backward."""
    found = {}
    for name, far in {"near": 0.0, "far": 3000.0}.items():
        norm, images = norm_and_images(far)
        network = synchronised(nn.Sequential(norm), CPU.device)
        share = world.share(len(images))
        own = images.detach()[share].requires_grad_()
        output = network(own)
        weigh(output, share.start * output[0].numel()).backward()
        found |= {
            f"{name}/output": output,
            f"{name}/gradient": own.grad,
            f"{name}/weight_gradient": network[0].weight.grad,
        }
        found |= {f"{name}/{key}": value for key, value in network[0].named_buffers()}
    network = synchronised(nn.Sequential(nn.BatchNorm2d(5)), CPU.device).train()
    _, images = norm_and_images()
    found["half"] = network(images.detach().bfloat16())
    found["half/running_var"] = network[0].running_var
    return found
