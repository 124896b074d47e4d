"""Random changes to a whole batch at once, on the batch's device and differentiable."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from dermaflow.params import BatchAugmentParams


def augment_batch(images: Tensor, params: BatchAugmentParams, generator: torch.Generator) -> Tensor:
    """Change geometry and colour of each image at random.

    A lesion has no upright position, so any flip and rotation keeps its label.

    Args:
        images: float (N, 3, H, W), values 0-255.
        params: ranges of the changes.
        generator: source of all randomness, on the CPU whatever the device of ``images``.

    Returns:
        float (N, 3, H, W), values 0-255; what moves in from outside is mirrored.
    """
    matrices = _random_affine(images.shape, params, generator).to(images.device)
    grid = functional.affine_grid(matrices, list(images.shape), align_corners=False)
    moved = functional.grid_sample(images, grid, padding_mode="reflection", align_corners=False)
    return _change_colour(moved, params, generator)


def _random_affine(
    shape: torch.Size, params: BatchAugmentParams, generator: torch.Generator
) -> Tensor:
    """Matrices (N, 2, 3) from output to input coordinates, both in [-1, 1]."""
    count, _, height, width = shape

    def uniform(reach: float) -> Tensor:
        return (torch.rand(count, generator=generator) * 2 - 1) * reach

    angle = uniform(math.radians(params.max_degrees))
    if params.rotate:
        # A quarter turn of an oblong image would fill half of it with mirrored border.
        turns = 4 if height == width else 2
        angle += torch.randint(turns, (count,), generator=generator) * (2 * math.pi / turns)
    flip = torch.ones(count)
    if params.flip:
        flip -= 2.0 * torch.randint(2, (count,), generator=generator)
    scale = 1 / (1 + uniform(params.zoom))
    cos, sin = torch.cos(angle) * scale, torch.sin(angle) * scale
    aspect = width / height
    # Rotation acts in pixels; coordinates are relative to each side, hence the aspect.
    rows = [
        torch.stack([cos * flip, -sin / aspect, uniform(2 * params.shift)], dim=1),
        torch.stack([sin * aspect * flip, cos, uniform(2 * params.shift)], dim=1),
    ]
    return torch.stack(rows, dim=1)


def _change_colour(
    images: Tensor, params: BatchAugmentParams, generator: torch.Generator
) -> Tensor:
    count = len(images)

    def factor(reach: float, channels: int = 1) -> Tensor:
        drawn = torch.rand(count, channels, 1, 1, generator=generator) * 2 - 1
        return (1 + drawn * reach).to(images.device)

    mean = images.mean(dim=(1, 2, 3), keepdim=True)
    contrasted = mean + (images - mean) * factor(params.contrast)
    return (contrasted * factor(params.brightness) * factor(params.colour, 3)).clamp(0, 255)
