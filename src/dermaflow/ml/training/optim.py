"""Optimizer and learning-rate schedule of the classifier."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from dermaflow.ml.models.backbone import HEAD, PARTS
from dermaflow.params.train import TrainParams


def build_optimizer(network: nn.Module, params: TrainParams) -> torch.optim.Optimizer:
    """AdamW, with a rate for each part of the network; 1-d weights do not decay.

    The head learns at ``learning_rate``, the k-th part below it at ``learning_rate *
    backbone_factor * layer_decay ** k``: early layers, whose features serve most tasks, change
    least (Howard & Ruder 2018, arXiv:1801.06146, with a factor of 1 / 2.6).
    """
    groups: dict[tuple[float, bool], list[Tensor]] = {}
    for name, weight in network.named_parameters():
        if weight.requires_grad:
            groups.setdefault((_rate(name, params), weight.ndim > 1), []).append(weight)
    settings: list[dict[str, Any]] = [
        {"params": weights, "lr": rate, "weight_decay": params.weight_decay if decayed else 0.0}
        for (rate, decayed), weights in groups.items()
    ]
    return torch.optim.AdamW(settings, fused=True)


def _rate(name: str, params: TrainParams) -> float:
    """Learning rate of a weight, by its name."""
    module = name.split(".")[0]
    if module == HEAD:
        return params.learning_rate
    below = next(k for k, part in enumerate(reversed(PARTS), 1) if module in PARTS[part])
    return params.learning_rate * params.backbone_factor * params.layer_decay**below


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
