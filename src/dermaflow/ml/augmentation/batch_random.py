"""Random numbers for the images of a batch, of which each process has its share."""

from __future__ import annotations

import torch
from torch import Tensor

from dermaflow.ml.processes.group import ALONE, World


class Draws:
    """Draws for all images of the whole batch and gives those of this process's.

    So an image gets the same whichever process it is in, and however many there are.

    Args:
        generator: source of all randomness, on the CPU.
        world: the processes that share the batch, each having as many images of it.
    """

    def __init__(self, generator: torch.Generator, world: World = ALONE) -> None:
        self.generator, self._world = generator, world

    def uniform(self, count: int, *shape: int) -> Tensor:
        """Float32 (count, …) in [0, 1), for ``count`` images of this process."""
        whole = torch.rand(count * self._world.size, *shape, generator=self.generator)
        return whole[self._world.share(len(whole))]

    def integers(self, high: int, count: int) -> Tensor:
        """Int64 (count,) in [0, high), for ``count`` images of this process."""
        whole = torch.randint(high, (count * self._world.size,), generator=self.generator)
        return whole[self._world.share(len(whole))]

    def common(self, count: int) -> list[float]:
        """Numbers in [0, 1), in double precision, that hold for the whole batch."""
        return torch.rand(count, generator=self.generator, dtype=torch.float64).tolist()
