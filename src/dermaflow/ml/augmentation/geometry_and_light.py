"""Random changes to a whole batch at once, on the batch's device and differentiable."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from dermaflow.ml.augmentation.batch_random import Draws
from dermaflow.ml.augmentation.effects import smooth
from dermaflow.ml.augmentation.randaugment import apply_effects, apply_policy
from dermaflow.ml.runtime import beside
from dermaflow.params.train import BatchAugmentParams

# Blur that a picture has by itself, in its own pixels (Lowe 2004, doi:10.1023/B:VISI.0000029664).
_OWN_BLUR = 0.5


def augment_batch(
    images: Tensor, params: BatchAugmentParams, draws: Draws, scale: float = 1.0
) -> Tensor:
    """Change geometry and colour of each image at random, then give it effects.

    A lesion has no upright position, so any flip and rotation keeps its label.

    Args:
        images: float (N, 3, H, W), values 0-255.
        params: ranges of the changes.
        draws: source of all randomness. What is drawn depends on ``params`` and N alone.
        scale: of both sides of what is returned, in [0.5, 1]; the same part of the image is seen.

    Returns:
        float (N, 3, H', W'), values 0-255, H' = round(scale H); what moves in from outside is
        mirrored.
    """
    count, channels, height, width = images.shape
    matrices = beside(_random_affine(images.shape, params, draws), images)
    if scale < 1:
        # The grid takes four pixels for each that it makes, however far apart these are: what is
        # finer than the new pixels must go first, or it comes back as coarse patterns.
        images = smooth(images, _OWN_BLUR * math.sqrt(scale**-2 - 1))
    size = [count, channels, round(height * scale), round(width * scale)]
    grid = functional.affine_grid(matrices, size, align_corners=False)
    moved = functional.grid_sample(images, grid, padding_mode="reflection", align_corners=False)
    changed = _change_colour(moved, params, draws)
    if params.effects is not None:
        changed = apply_effects(changed, params.effects, draws)
    if params.policy is not None:
        changed = apply_policy(changed, params.policy, draws)
    return changed


def _random_affine(shape: torch.Size, params: BatchAugmentParams, draws: Draws) -> Tensor:
    """Matrices (N, 2, 3) from output to input coordinates, both in [-1, 1]."""
    count, _, height, width = shape

    def uniform(reach: float) -> Tensor:
        return (draws.uniform(count) * 2 - 1) * reach

    angle = uniform(math.radians(params.max_degrees))
    if params.rotate:
        # A quarter turn of an oblong image would fill half of it with mirrored border.
        turns = 4 if height == width else 2
        angle += draws.integers(turns, count) * (2 * math.pi / turns)
    flip = torch.ones(count)
    if params.flip:
        flip -= 2.0 * draws.integers(2, count)
    scale = 1 / (1 + uniform(params.zoom))
    cos, sin = torch.cos(angle) * scale, torch.sin(angle) * scale
    aspect = width / height
    # Rotation acts in pixels; coordinates are relative to each side, hence the aspect.
    rows = [
        torch.stack([cos * flip, -sin / aspect, uniform(2 * params.shift)], dim=1),
        torch.stack([sin * aspect * flip, cos, uniform(2 * params.shift)], dim=1),
    ]
    return torch.stack(rows, dim=1)


def _change_colour(images: Tensor, params: BatchAugmentParams, draws: Draws) -> Tensor:
    count = len(images)

    def factor(reach: float, channels: int = 1) -> Tensor:
        drawn = draws.uniform(count, channels, 1, 1) * 2 - 1
        return beside(1 + drawn * reach, images)

    mean = images.mean(dim=(1, 2, 3), keepdim=True)
    contrasted = mean + (images - mean) * factor(params.contrast)
    return (contrasted * factor(params.brightness) * factor(params.colour, 3)).clamp(0, 255)
