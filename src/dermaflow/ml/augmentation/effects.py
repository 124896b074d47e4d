"""Changes to the look of dermoscopic images: light, camera, hairs and what hides a part.

Each takes images, float (N, 3, H, W) with values 0-255, an amount for each (N,), and uniform
numbers in [0, 1), (N, DRAWS), from which comes all that is random about it; the latter two on the
CPU. It returns images of the same shape, whose values may leave the range a little.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from dermaflow.ml.augmentation.hairs import HAIR_DRAWS, draw_hairs
from dermaflow.ml.runtime import beside
from dermaflow.params.train import MAX_HAIRS, OperationName

# Uniform numbers that an operation may use of each image: those of the greediest.
DRAWS = HAIR_DRAWS

_LUMA = (0.299, 0.587, 0.114)  # Rec. 601: weight of red, green and blue in what looks bright
_FINE = 0.01  # standard deviation of the blur that tells detail, of the shorter side
_FINEST = 0.5  # the same at least, in pixels; less would blur nothing
_SEEDS = 2**24  # as many as uniform float32 numbers tell apart


def change_brightness(images: Tensor, amount: Tensor, draws: Tensor) -> Tensor:
    """Multiply by 1 + amount."""
    return images * (1 + _each(amount, images))


def change_contrast(images: Tensor, amount: Tensor, draws: Tensor) -> Tensor:
    """Multiply distances from the image's mean by 1 + amount."""
    return _extrapolate(images, images.mean(dim=(1, 2, 3), keepdim=True), amount)


def change_saturation(images: Tensor, amount: Tensor, draws: Tensor) -> Tensor:
    """Multiply distances from the grey of equal luma by 1 + amount; -1 leaves the grey."""
    luma = beside(torch.tensor(_LUMA), images).view(1, 3, 1, 1)
    return _extrapolate(images, (images * luma).sum(dim=1, keepdim=True), amount)


def turn_hue(images: Tensor, amount: Tensor, draws: Tensor) -> Tensor:
    """Turn colours by ``amount`` degrees about the axis of greys, which stay as they are.

    By 120 degrees red becomes green, green blue, and blue red.
    """
    angle = torch.deg2rad(amount)
    third = 2 * math.pi / 3
    # Rodrigues' rotation about (1, 1, 1) / sqrt(3): a circulant matrix of these three numbers.
    own, next_, last = ((1 + 2 * torch.cos(angle + shift)) / 3 for shift in (0.0, third, -third))
    rows = [(own, next_, last), (last, own, next_), (next_, last, own)]
    matrix = torch.stack([torch.stack(row, dim=1) for row in rows], dim=1)
    return torch.einsum("nij,njhw->nihw", beside(matrix, images), images)


def change_temperature(images: Tensor, amount: Tensor, draws: Tensor) -> Tensor:
    """Multiply red by 1 + amount and blue by 1 - amount: warmer light where positive."""
    gains = 1 + amount[:, None] * torch.tensor([1.0, 0.0, -1.0])
    return images * beside(gains, images)[:, :, None, None]


def change_sharpness(images: Tensor, amount: Tensor, draws: Tensor) -> Tensor:
    """Multiply fine detail by 1 + amount; -1 leaves the blurred image."""
    blurred = smooth(images, max(_FINEST, _FINE * min(images.shape[2:])))
    return _extrapolate(images, blurred, amount)


def add_noise(images: Tensor, amount: Tensor, draws: Tensor) -> Tensor:
    """Add normal noise of standard deviation ``amount`` grey levels.

    Each image's comes from a generator of its own on the images' device, with a seed from
    ``draws``: the same on the same kind of device, and no field passes between devices.
    """
    noise = torch.empty_like(images)
    for field, number in zip(noise, draws[:, 0].tolist(), strict=True):
        seed = int(number * _SEEDS)
        field.normal_(generator=torch.Generator(images.device).manual_seed(seed))
    return images + noise * _each(amount, images)


def erase_box(images: Tensor, amount: Tensor, draws: Tensor) -> Tensor:
    """Cover a box of the share ``amount`` of the area with the image's mean colour.

    Random erasing (Zhong et al. 2020, arXiv:1708.04896), whose box is up to twice as long, relative
    to the image's sides, as it is high, or the reverse; it lies inside.
    """
    stretch = 2 ** (draws[:, 2] - 0.5)  # ratio of the sides' root
    inside = torch.ones(1, dtype=torch.bool, device=images.device)
    for axis, factor in ((2, stretch), (3, 1 / stretch)):
        side = (amount.sqrt() * factor).clamp_max(1)
        start = draws[:, axis - 2] * (1 - side)
        pixels = images.shape[axis]
        view = [-1 if dim == axis else 1 for dim in range(4)]
        place = ((torch.arange(pixels, device=images.device) + 0.5) / pixels).view(view)
        inside = inside & (place >= _each(start, images)) & (place < _each(start + side, images))
    return torch.where(inside, images.mean(dim=(2, 3), keepdim=True), images)


def keep(images: Tensor, amount: Tensor, draws: Tensor) -> Tensor:
    """Nothing, as RandAugment has it among its operations."""
    return images


def smooth(images: Tensor, sigma: float) -> Tensor:
    """Gaussian blur of standard deviation ``sigma`` pixels; borders are mirrored.

    As a product with one matrix for each side, which is several times as fast on a CPU as a
    convolution with three channels.
    """
    height, width = images.shape[2:]
    down, across = (beside(_blur_matrix(side, sigma), images) for side in (height, width))
    return down @ images @ across.T


def _blur_matrix(pixels: int, sigma: float) -> Tensor:
    """Share of each pixel of a line in each blurred one, float32 (pixels, pixels)."""
    radius = min(math.ceil(3 * sigma), pixels - 1)
    offsets = torch.arange(-radius, radius + 1)
    weights = torch.exp(-offsets.square() / (2 * sigma**2))
    taken = (torch.arange(pixels)[:, None] + offsets).abs()  # mirrored about the first pixel
    taken = pixels - 1 - (pixels - 1 - taken).abs()  # and about the last
    shares = (weights / weights.sum()).expand(pixels, -1)
    return torch.zeros(pixels, pixels).scatter_add_(1, taken, shares)


def _extrapolate(images: Tensor, plain: Tensor, amount: Tensor) -> Tensor:
    """From ``plain`` to the images and beyond: plain + (1 + amount) (images - plain)."""
    return torch.lerp(plain.expand_as(images), images, 1 + _each(amount, images))


def _each(amount: Tensor, images: Tensor) -> Tensor:
    """(N,) on the CPU to (N, 1, 1, 1) beside the images."""
    return beside(amount, images).view(-1, 1, 1, 1)


@dataclass(frozen=True)
class Operation:
    """A change and how far it goes.

    Attributes:
        full: amount at magnitude 1, where the image is near to losing what tells its class.
        signed: goes both ways.
    """

    change: Callable[[Tensor, Tensor, Tensor], Tensor]
    full: float
    signed: bool


OPERATIONS: dict[OperationName, Operation] = {
    "identity": Operation(keep, 0, signed=False),
    "brightness": Operation(change_brightness, 0.5, signed=True),
    "contrast": Operation(change_contrast, 0.7, signed=True),
    "saturation": Operation(change_saturation, 0.8, signed=True),
    "hue": Operation(turn_hue, 30, signed=True),
    "temperature": Operation(change_temperature, 0.25, signed=True),
    "sharpness": Operation(change_sharpness, 1.0, signed=True),
    "noise": Operation(add_noise, 30, signed=False),
    "hairs": Operation(draw_hairs, MAX_HAIRS, signed=False),
    "erase": Operation(erase_box, 0.3, signed=False),
}
