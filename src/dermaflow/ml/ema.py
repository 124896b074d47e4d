"""Exponential moving average of a module's weights."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel


class Ema(AveragedModel):
    """A second copy of ``module`` that follows it: e <- d e + (1 - d) w, with a warm-up of d.

    d = min(decay, (1 + t) / (10 + t)) at update t, so that a short run is not dominated by the
    random start. Buffers (batch norm's running statistics) are averaged as well.

    Args:
        module: the module to follow; the first update copies its weights.
        decay: in [0, 1); 0 copies the weights at every update.
    """

    def __init__(self, module: nn.Module, decay: float) -> None:
        def average(
            averages: Sequence[Tensor], weights: Sequence[Tensor], updates: Tensor | int
        ) -> None:
            count = int(updates)
            weight = 1 - min(decay, (1 + count) / (10 + count))
            if torch.is_floating_point(averages[0]):
                torch._foreach_lerp_(list(averages), list(weights), weight)
            else:  # counters, such as batch norm's
                torch._foreach_copy_(list(averages), list(weights))

        super().__init__(module, multi_avg_fn=average, use_buffers=True)
        self.requires_grad_(False)

    def copy_weights(self) -> dict[str, Tensor]:
        """The averaged state dict, copied to the CPU: later updates leave it as it is."""
        return {k: v.detach().cpu().clone() for k, v in self.module.state_dict().items()}
