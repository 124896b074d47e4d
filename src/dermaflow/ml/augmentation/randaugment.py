"""Which image gets which change of ``effects``, and how much of it.

All that is random about a batch is drawn before any of it is changed, for every image of it and
whatever is chosen, so that an image's changes depend on its place in the batch alone.
"""

from __future__ import annotations

import torch
from torch import Tensor

from dermaflow.ml.augmentation.batch_random import Draws
from dermaflow.ml.augmentation.effects import DRAWS, OPERATIONS
from dermaflow.ml.runtime import beside
from dermaflow.params.train import EffectParams, OperationName, PolicyParams

# In the order in which they come about: hairs lie in the light that the camera takes.
EFFECTS: tuple[OperationName, ...] = (
    "hairs",
    "saturation",
    "hue",
    "temperature",
    "sharpness",
    "noise",
    "erase",
)


def apply_effects(images: Tensor, params: EffectParams, draws: Draws) -> Tensor:
    """Give each image each effect with ``probability``, by an amount of its own.

    Args:
        images: float (N, 3, H, W), values 0-255; changed in place.
        draws: source of all randomness.

    Returns:
        ``images``, values 0-255.
    """
    if not params.probability:
        return images
    for name in EFFECTS:
        numbers = draws.uniform(len(images), 2 + DRAWS)
        chosen, share = numbers[:, 0] < params.probability, numbers[:, 1]
        _change(images, name, chosen, _amounts(name, params, share), numbers[:, 2:])
    return images


def _amounts(name: OperationName, params: EffectParams, share: Tensor) -> Tensor:
    """Amounts (N,) of an effect, from uniform ``share`` in [0, 1)."""
    if name == "hairs":
        fewest, most = params.hairs
        return (fewest + share * (most - fewest + 1)).floor()
    reach: float = getattr(params, name)
    return (2 * share - 1) * reach if OPERATIONS[name].signed else share * reach


def apply_policy(images: Tensor, params: PolicyParams, draws: Draws) -> Tensor:
    """RandAugment (Cubuk et al. 2020, arXiv:1909.13719) over operations that suit dermoscopy.

    Each image gets ``operations`` of them, drawn with replacement, one after another, all of the
    same magnitude and, where there are two ways, in a random one.

    Args:
        images: float (N, 3, H, W), values 0-255; changed in place.
        draws: source of all randomness.

    Returns:
        ``images``, values 0-255.
    """
    count, names = len(images), params.among
    for _ in range(params.operations):
        choice = draws.integers(len(names), count)
        sign = draws.integers(2, count) * 2 - 1
        numbers = draws.uniform(count, DRAWS)
        for number, name in enumerate(names):
            amount = torch.full((count,), params.magnitude * OPERATIONS[name].full)
            if OPERATIONS[name].signed:
                amount = amount * sign
            _change(images, name, choice == number, amount, numbers)
    return images


def _change(
    images: Tensor, name: OperationName, chosen: Tensor, amount: Tensor, draws: Tensor
) -> None:
    """Change the chosen images in place; the choice lies on the CPU, so no device is awaited."""
    index = (chosen & (amount != 0)).nonzero().squeeze(1)  # an amount of 0 changes nothing
    if not len(index):
        return
    there = beside(index, images)
    changed = OPERATIONS[name].change(images[there], amount[index], draws[index])
    images[there] = changed.clamp(0, 255)
