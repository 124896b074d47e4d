"""From stored images to what the network is trained on, as the recipe in ``conf/`` has it."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from dermaflow.data.images.preprocess import Preprocess
from dermaflow.ml.augmentation.batch_random import Draws
from dermaflow.ml.augmentation.geometry_and_light import augment_batch
from dermaflow.ml.augmentation.mixup_cutmix import mix_batch
from dermaflow.params.train import ResizeStage, TrainParams


def feed(
    pixels: Tensor,
    labels: Tensor,
    classes: int,
    done: float,
    preprocess: Preprocess,
    params: TrainParams,
    draws: Draws,
) -> tuple[Tensor, Tensor]:
    """One batch as the network gets it: augmented, normalised, perhaps smaller, perhaps mixed.

    Args:
        pixels: uint8 (N, H, W, 3).
        labels: class indices, int64 (N,), on the device of ``pixels``.
        classes: number of classes, C.
        done: share of the training that lies behind, in [0, 1).
        draws: source of all randomness.

    Returns:
        Inputs, float32 (N, 3, H', W'), and targets: ``labels``, or float32 (N, C) where mixed.
    """
    images = preprocess.correct_colour(pixels).permute(0, 3, 1, 2)
    scale = scale_at(done, params.resize)
    images = augment_batch(images, params.augmentation, draws, scale)
    inputs = preprocess.normalise(images.permute(0, 2, 3, 1))
    return mix_batch(inputs, labels, classes, params.mix, draws)


def scale_at(done: float, stages: Sequence[ResizeStage]) -> float:
    """Scale of the training images once the share ``done`` of the training lies behind."""
    return next((stage.scale for stage in stages if done < stage.until), 1.0)
