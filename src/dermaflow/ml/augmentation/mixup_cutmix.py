"""Two images in one, with the label of both: mixup and cutmix."""

from __future__ import annotations

import math

import torch
from scipy.special import betaincinv
from torch import Tensor
from torch.nn import functional

from dermaflow.ml.augmentation.batch_random import Draws
from dermaflow.ml.runtime import beside
from dermaflow.params.train import MixParams


def mix_batch(
    inputs: Tensor, labels: Tensor, classes: int, params: MixParams, draws: Draws
) -> tuple[Tensor, Tensor]:
    """Mix each image with its neighbour in the batch, or leave the whole batch as it is.

    Batches are drawn at random, so that neighbours are as random as any two; and they are in the
    same process. The last of an odd number has none, and stays as it is.

    One choice and one weight hold for a batch, as in the papers' own code: mixup (Zhang et al.
    2018, arXiv:1710.09412) or cutmix (Yun et al. 2019, arXiv:1905.04899).

    Args:
        inputs: float (N, 3, H, W), in whatever scale the network takes.
        labels: class indices, int64 (N,).
        classes: number of classes, C.
        draws: source of all randomness; as much is drawn whatever is chosen.

    Returns:
        Inputs of the same shape, and distributions over the classes, float32 (N, C); ``labels``
        themselves where the batch is left as it is.
    """
    if not params.probability:
        return inputs, labels
    chance, way, quantile, y, x = draws.common(5)
    if chance >= params.probability:
        return inputs, labels
    cut = params.cutmix_alpha > 0 and (way < 0.5 or not params.mixup_alpha)
    alpha = params.cutmix_alpha if cut else params.mixup_alpha
    kept = float(betaincinv(alpha, alpha, quantile))  # Beta(alpha, alpha) by inversion
    neighbour = (torch.arange(len(labels)) ^ 1).clamp_max(len(labels) - 1)
    partners = beside(neighbour, inputs)
    others = inputs[partners]
    if cut:
        inputs, kept = _paste_box(inputs, others, kept, (y, x))
    else:
        inputs = torch.lerp(others, inputs, kept)
    targets = functional.one_hot(labels, classes).float()
    return inputs, torch.lerp(targets[partners], targets, kept)


def _paste_box(
    inputs: Tensor, others: Tensor, kept: float, centre: tuple[float, float]
) -> tuple[Tensor, float]:
    """Paste a box of ``others`` whose share is 1 - ``kept``, less what lies outside.

    Returns:
        The images, and the share of them that is exactly kept.
    """
    height, width = inputs.shape[2:]
    side = math.sqrt(1 - kept)
    top, bottom = _clipped(centre[0], side, height)
    left, right = _clipped(centre[1], side, width)
    mixed = inputs.clone()
    mixed[:, :, top:bottom, left:right] = others[:, :, top:bottom, left:right]
    return mixed, 1 - (bottom - top) * (right - left) / (height * width)


def _clipped(centre: float, side: float, pixels: int) -> tuple[int, int]:
    """First pixel of an interval and the one after its last; ``centre``, ``side`` in [0, 1]."""
    length, middle = int(pixels * side), int(centre * pixels)
    return max(0, middle - length // 2), min(pixels, middle - length // 2 + length)
