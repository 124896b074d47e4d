"""Exponential moving average of a module's weights."""

from __future__ import annotations

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
        super().__init__(module, use_buffers=True)
        self.requires_grad_(False)
        self._decay = decay

    def update_parameters(self, model: nn.Module) -> None:
        """Follow ``model``; unlike the base class's, without a look at what a GPU has done."""
        count = int(self.n_averaged)  # on the CPU, whatever the weights are on
        weight = 1 - min(self._decay, (1 + count) / (10 + count)) if count else 1.0
        pairs = list(zip(_state(self.module), _state(model), strict=True))
        averaged = [pair for pair in pairs if pair[0].is_floating_point()]
        torch._foreach_lerp_([own for own, _ in averaged], [other for _, other in averaged], weight)
        counted = [pair for pair in pairs if not pair[0].is_floating_point()]
        if counted:  # such as batch norm's batches
            torch._foreach_copy_([own for own, _ in counted], [other for _, other in counted])
        self.n_averaged += 1

    def copy_weights(self) -> dict[str, Tensor]:
        """The averaged state dict, copied to the CPU: later updates leave it as it is."""
        return {k: v.detach().cpu().clone() for k, v in self.module.state_dict().items()}


def _state(module: nn.Module) -> list[Tensor]:
    return [tensor.detach() for tensor in (*module.parameters(), *module.buffers())]
