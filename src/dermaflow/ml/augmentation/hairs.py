"""Hairs drawn over images: dark, curved strokes with soft edges."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from dermaflow.ml.runtime import beside
from dermaflow.params.train import MAX_HAIRS

# Uniform numbers that one hair takes, and all of an image with their common colour.
_OF_A_HAIR = 7
HAIR_DRAWS = 1 + MAX_HAIRS * _OF_A_HAIR

_COLOUR = (52.0, 38.0, 30.0)  # dark brown, 0-255
_LENGTH = (0.4, 1.3)  # of the longer side
_WIDTH = (0.006, 0.016)  # of the shorter side
_BEND = 0.2  # height of the arc, of the length, at most
_OPACITY = (0.6, 0.95)


def draw_hairs(images: Tensor, count: Tensor, draws: Tensor) -> Tensor:
    """Draw so many hairs over each image.

    A hair is a piece of the parabola v = c u^2 in axes (u, v) of its own. A pixel is covered by how
    far it lies inside the stroke, its distance to the parabola being, to first order,
    |v - c u^2| / sqrt(1 + (2 c u)^2).

    Args:
        images: float (N, 3, H, W), values 0-255.
        count: hairs of each image, (N,), on the CPU, at most ``MAX_HAIRS``.
        draws: uniform in [0, 1), (N, at least HAIR_DRAWS), on the CPU; they decide on all hairs,
            however many are drawn.

    Returns:
        float (N, 3, H, W), values 0-255.
    """
    height, width = images.shape[2:]
    device = images.device
    y = torch.arange(height, device=device).view(1, -1, 1) + 0.5
    x = torch.arange(width, device=device).view(1, 1, -1) + 0.5
    cover = images.new_zeros(len(images), height, width)
    strokes = draws[:, 1:HAIR_DRAWS].view(-1, MAX_HAIRS, _OF_A_HAIR)
    for number in range(int(count.max()) if len(count) else 0):
        stroke = _describe(strokes[:, number], height, width, drawn=number < count)
        cover = torch.maximum(cover, _cover(y, x, beside(stroke, images)))
    shade = 0.4 + 1.2 * draws[:, :1]  # of nearly black to middle brown
    colour = beside(torch.tensor(_COLOUR) * shade, images)[:, :, None, None]
    return torch.lerp(images, colour, cover[:, None])


def _describe(stroke: Tensor, height: int, width: int, drawn: Tensor) -> Tensor:
    """From uniform (N, 7) to (7, N): centre, direction, half length, c, half width, opacity."""
    y, x, turn, length, bend, thickness, opacity = stroke.unbind(dim=1)
    length = _between(_LENGTH, length) * max(height, width)
    return torch.stack(
        [
            y * height,
            x * width,
            turn * math.pi,
            length / 2,
            4 * _BEND * (2 * bend - 1) / length,
            _between(_WIDTH, thickness) * min(height, width) / 2,
            _between(_OPACITY, opacity) * drawn,
        ]
    )


def _cover(y: Tensor, x: Tensor, stroke: Tensor) -> Tensor:
    """How much of each pixel a hair hides, (N, H, W) in [0, 1]."""
    top, left, turn, half_length, bend, half_width, opacity = stroke[:, :, None, None]
    cos, sin = turn.cos(), turn.sin()
    along = (x - left) * cos + (y - top) * sin  # (N, H, W)
    across = (y - top) * cos - (x - left) * sin
    slope = along * (2 * bend)
    distance = (across - along.square() * bend).abs() / (slope.square() + 1).sqrt()
    side = (half_width + 0.5 - distance).clamp_min(0)  # finer than a pixel, a hair covers a part
    ends = (half_length + 0.5 - along.abs()).clamp(0, 1)
    cover: Tensor = torch.minimum(side, (2 * half_width).clamp_max(1)) * ends * opacity
    return cover


def _between(limits: tuple[float, float], share: Tensor) -> Tensor:
    return limits[0] + (limits[1] - limits[0]) * share
