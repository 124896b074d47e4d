"""The processes that train together, as each of them sees the others."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, distributed, nn
from torch.nn.parallel import DistributedDataParallel

from dermaflow.ml.runtime import Runtime


@dataclass(frozen=True)
class World:
    """How many processes train together, and which this is.

    Attributes:
        rank: number of this process, from 0. The first keeps checkpoints and tells of progress.
        size: number of processes; 1 needs no others, and nothing below then does anything.
    """

    rank: int = 0
    size: int = 1

    @classmethod
    def joined(cls) -> World:
        """The group that this process has joined, or itself alone."""
        if not distributed.is_initialized():
            return cls()
        return cls(distributed.get_rank(), distributed.get_world_size())

    @property
    def first(self) -> bool:
        """Whether this is the first process."""
        return self.rank == 0

    def share(self, count: int) -> slice:
        """This process's part of ``count`` items in order, as equal as can be."""
        bounds = [count * number // self.size for number in (self.rank, self.rank + 1)]
        return slice(*bounds)

    def mean(self, values: Tensor) -> Tensor:
        """Mean over the processes; ``values`` may be changed."""
        if self.size > 1:
            distributed.all_reduce(values)
            values /= self.size
        return values

    def any(self, flag: bool) -> bool:
        """Whether it is so in any process; all must ask together."""
        if self.size == 1:
            return flag
        flags = torch.tensor(int(flag), device=_device())
        distributed.all_reduce(flags, distributed.ReduceOp.MAX)
        return bool(flags.item())

    def gather(self, part: Tensor) -> Tensor:
        """Parts of all processes, joined in order along the first axis; on the CPU."""
        if self.size == 1:
            return part.cpu()
        parts: list[Any] = [None] * self.size
        distributed.all_gather_object(parts, part.cpu())
        return torch.cat(parts)

    def wrap(self, network: nn.Module, runtime: Runtime) -> nn.Module:
        """The network as several processes are to call it: gradients are means over them.

        Its batch norms must be ``synchronised``.
        """
        devices = [runtime.device] if runtime.device.type == "cuda" else None
        with warnings.catch_warnings():
            # What is to replace `broadcast_buffers` is not in the oldest torch we support.
            warnings.simplefilter("ignore", FutureWarning)
            # Batch norms see the same batch everywhere: their statistics need no sending.
            return DistributedDataParallel(network, device_ids=devices, broadcast_buffers=False)


ALONE = World()


def _device() -> torch.device:
    """Where the group's backend wants its tensors."""
    return torch.device("cuda" if distributed.get_backend() == "nccl" else "cpu")
