"""What several processes are to do together; as a program, a short training in two of them."""

import logging
import sys
import time
from pathlib import Path

import torch
from torch import distributed

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


def log(text: str) -> None:
    """Write to the log of the process."""
    logging.getLogger(__name__).warning(text)


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
