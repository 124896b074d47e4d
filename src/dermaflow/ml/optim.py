"""Optimizer and learning-rate schedule of the classifier."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from dermaflow.params import TrainParams


def build_optimizer(network: nn.Module, params: TrainParams) -> torch.optim.Optimizer:
    """AdamW, with ``backbone_factor`` of the head's rate for the rest; 1-d weights do not decay."""
    groups: dict[tuple[bool, bool], list[Tensor]] = {}
    for name, weight in network.named_parameters():
        if weight.requires_grad:
            groups.setdefault((name.startswith("fc."), weight.ndim > 1), []).append(weight)
    settings: list[dict[str, Any]] = [
        {
            "params": weights,
            "lr": params.learning_rate * (1.0 if head else params.backbone_factor),
            "weight_decay": params.weight_decay if decayed else 0.0,
        }
        for (head, decayed), weights in groups.items()
    ]
    return torch.optim.AdamW(settings, fused=True)


def build_schedule(
    optimizer: torch.optim.Optimizer, steps_per_epoch: int, params: TrainParams
) -> torch.optim.lr_scheduler.LambdaLR:
    """Linear warm-up, then a cosine to zero (Loshchilov & Hutter 2017, arXiv:1608.03983)."""
    total = max(1, params.epochs * steps_per_epoch)
    warmup = min(total - 1, round(params.warmup_epochs * steps_per_epoch))

    def factor(step: int) -> float:
        if step < warmup:
            return (step + 1) / (warmup + 1)
        return 0.5 * (1 + math.cos(math.pi * (step - warmup) / (total - warmup)))

    return torch.optim.lr_scheduler.LambdaLR(optimizer, factor)


def copy_state(
    optimizer: torch.optim.Optimizer,
    tensors: Mapping[str, Tensor],
    groups: Sequence[Mapping[str, Any]],
) -> None:
    """Give the optimizer back a saved state: ``<number of the weight>.<key>`` -> tensor.

    Moments take the memory format of their weights, as the optimizer itself makes them: the fused
    kernels read both side by side.
    """
    weights = [weight for group in optimizer.param_groups for weight in group["params"]]
    state: dict[int, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        number, key = name.split(".", 1)
        weight = weights[int(number)]
        if value.shape == weight.shape:
            value = torch.empty_like(weight, dtype=value.dtype).copy_(value)
        state.setdefault(int(number), {})[key] = value
    optimizer.load_state_dict({"state": state, "param_groups": list(groups)})
