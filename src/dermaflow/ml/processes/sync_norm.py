"""Batch norm over the batch of all processes, on any device.

Torch's own ``SyncBatchNorm`` is for GPUs only.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, distributed, nn
from torch.autograd import Function


class _SumOverProcesses(Function):
    """Sum of a tensor over processes. So is its gradient: the losses of all depend on it."""

    @staticmethod
    def forward(context: Any, values: Tensor) -> Tensor:
        total = values.clone()
        distributed.all_reduce(total)
        return total

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> Tensor:
        total = gradients[0].clone()
        distributed.all_reduce(total)
        return total


class SyncBatchNorm2d(nn.BatchNorm2d):
    """``BatchNorm2d`` whose statistics in training are of the batches of all processes together.

    Each must have as many images as the others. Statistics are summed in float32 whatever the
    precision of the input, as torch's own kernels do.
    """

    def forward(self, input: Tensor) -> Tensor:
        """(N, C, H, W) to the same."""
        if not self.training:
            return super().forward(input)
        size = distributed.get_world_size()
        values = input.float()
        # Mean first, then the squares about it: their difference would lose what is small in it.
        mean = _SumOverProcesses.apply(values.mean((0, 2, 3))) / size
        centred = values - mean[:, None, None]
        variance = _SumOverProcesses.apply(centred.square().mean((0, 2, 3))) / size
        count = values.numel() // values.shape[1] * size
        self._follow(mean.detach(), variance.detach() * (count / (count - 1)))
        scale = self.weight * torch.rsqrt(variance + self.eps)
        scaled: Tensor = centred * scale[:, None, None] + self.bias[:, None, None]
        return scaled.to(input.dtype)

    def _follow(self, mean: Tensor, variance: Tensor) -> None:
        assert self.running_mean is not None
        assert self.running_var is not None
        assert self.num_batches_tracked is not None
        assert self.momentum is not None
        with torch.no_grad():
            self.num_batches_tracked += 1
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(variance, self.momentum)


def synchronised(network: nn.Module, device: torch.device) -> nn.Module:
    """The network with every ``BatchNorm2d`` over all processes; weights and names stay."""
    if device.type == "cuda":
        converted: nn.Module = nn.SyncBatchNorm.convert_sync_batchnorm(network)
        return converted
    for name, child in network.named_children():
        if type(child) is nn.BatchNorm2d:
            setattr(network, name, _converted(child))
        else:
            synchronised(child, device)
    return network


def _converted(norm: nn.BatchNorm2d) -> SyncBatchNorm2d:
    converted = SyncBatchNorm2d(norm.num_features, norm.eps, norm.momentum)
    converted.load_state_dict(norm.state_dict())
    for parameter, old in zip(converted.parameters(), norm.parameters(), strict=True):
        parameter.requires_grad_(old.requires_grad)
    return converted.train(norm.training)
