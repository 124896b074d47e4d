"""What several processes are to do together; as a program, a short training in two of them."""

import logging
import sys
import time
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import distributed, nn

from dermaflow.errors import TrainingError
from dermaflow.ml.processes.group import World
from dermaflow.ml.processes.launch import run_together
from dermaflow.ml.processes.sync_norm import synchronised
from dermaflow.ml.training.checkpoints import Checkpoints
from dermaflow.ml.training.fit import FitResult
from ml.small_training import fit, ignore, open_sets, small_network

TIMEOUT = 60  # seconds


def checkpoints(scratch: Path) -> Checkpoints:
    """Where the short training is kept."""
    return Checkpoints(scratch, {"run": "a"})


def train(folder: str, scratch: str, log=ignore) -> FitResult:
    """The short training, or what is left of it; alone or with others."""
    network, world = small_network(), World.joined()
    if world.size > 1:
        synchronised(network, torch.device("cpu"))
    return fit(
        open_sets(Path(folder)),
        network=network,
        log=log,
        checkpoints=checkpoints(Path(scratch)),
        world=world,
    )


def take_part(folder: str, scratch: str) -> None:
    """The short training in a process that the launcher has started."""
    train(folder, scratch)


def take_part_slowly(folder: str, scratch: str) -> None:
    """The same for long enough to be looked at between any two updates."""
    train(folder, scratch, log=lambda metrics, step: time.sleep(0.1))


def norm_and_images() -> tuple[nn.Module, torch.Tensor]:
    """A batch norm in training and a batch with means far from 0."""
    random = torch.Generator().manual_seed(0)
    norm = nn.BatchNorm2d(5).train()
    with torch.no_grad():
        norm.weight.copy_(torch.rand(5, generator=random) + 0.5)
        norm.bias.copy_(torch.randn(5, generator=random))
    images = torch.randn(8, 5, 6, 4, generator=random) * 3 + torch.arange(5).view(5, 1, 1)
    return norm, images.requires_grad_()


def weigh(output: torch.Tensor, first: int) -> torch.Tensor:
    """A loss with another weight for each number; ``first`` is that of the whole batch."""
    places = torch.arange(first, first + output.numel(), dtype=torch.float32)
    return (output * places.view_as(output).sin()).sum()


def normalise(scratch: str) -> None:
    """Normalise this process's half of the batch, forward and backward."""
    norm, images = norm_and_images()
    network = nn.Sequential(norm)
    synchronised(network, torch.device("cpu"))
    world = World.joined()
    share = world.share(len(images))
    own = images.detach()[share].requires_grad_()
    output = network(own)
    weigh(output, share.start * output[0].numel()).backward()
    found = {
        "output": output,
        "gradient": own.grad,
        "weight_gradient": network[0].weight.grad,
        "running_mean": network[0].running_mean,
        "running_var": network[0].running_var,
    }
    tensors = {name: value.detach().contiguous() for name, value in found.items()}
    save_file(tensors, Path(scratch) / f"{world.rank}.safetensors")


def fail(scratch: str) -> None:
    """Fail by what the user has to mend."""
    (Path(scratch) / f"{time.time_ns()}").touch()
    raise TrainingError("the loss is nan")


def hang(scratch: str) -> None:
    """Wait, as the second process, for longer than the others do."""
    (Path(scratch) / f"{time.time_ns()}").touch()
    if World.joined().first:
        distributed.barrier()
    else:
        time.sleep(600)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    run_together(take_part_slowly, (sys.argv[1], sys.argv[2]), 2, TIMEOUT)
