"""Images as the training recipe changes them, for people to look at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from dermaflow.data.images.pixel_modes import Pixels
from dermaflow.data.images.preprocess import Preprocess
from dermaflow.ml.augmentation.batch_random import Draws
from dermaflow.ml.augmentation.randaugment import EFFECTS, apply_effects, apply_policy
from dermaflow.ml.runtime import torch_generator
from dermaflow.ml.training.recipe import feed
from dermaflow.params.train import BatchAugmentParams, TrainParams


@dataclass(frozen=True)
class FedBatch:
    """A batch as the network gets it.

    Attributes:
        done: share of the training that lies behind, in [0, 1).
        images: uint8 (N, H', W', 3).
        targets: float32 (N, C), distributions over the classes, before any smoothing.
    """

    done: float
    images: Pixels
    targets: NDArray[np.float32]


def sample_feeding(
    pixels: Pixels,
    labels: NDArray[np.int64],
    classes: int,
    preprocess: Preprocess,
    params: TrainParams,
    seed: int,
    moments: Sequence[float] = (0.0, 0.25, 0.5, 0.75),
) -> list[FedBatch]:
    """The same images as fed at several moments of a training.

    Args:
        pixels: uint8 (N, H, W, 3), as stored.
        labels: class indices, int64 (N,).
        seed: the run's; the draws are not those of the training itself.
    """
    draws = Draws(torch_generator(seed, "train", "samples"))
    batches = []
    for done in moments:
        inputs, targets = feed(
            torch.from_numpy(pixels),
            torch.tensor(labels),
            classes,
            done,
            preprocess,
            params,
            draws,
        )
        if targets.ndim == 1:
            targets = functional.one_hot(targets, classes).float()
        images = _to_pixels(preprocess.denormalise(inputs))
        batches.append(FedBatch(done, images, targets.numpy()))
    return batches


def sample_operations(pixels: Pixels, params: BatchAugmentParams, seed: int) -> dict[str, Pixels]:
    """Images, uint8 (N, H, W, 3), under each effect and operation alone that ``params`` turn on.

    Effects come at their ranges, operations of the policy at its magnitude.
    """
    draws = Draws(torch_generator(seed, "train", "operations"))
    images = torch.from_numpy(pixels).permute(0, 3, 1, 2).float()
    shown = {}
    effects, policy = params.effects, params.policy
    if effects is not None and effects.probability:
        off = effects.model_copy(update=dict.fromkeys(EFFECTS, 0) | {"hairs": (0, 0)})
        for name in EFFECTS:
            alone = off.model_copy(update={name: getattr(effects, name), "probability": 1.0})
            shown[f"effect: {name}"] = apply_effects(images.clone(), alone, draws)
    if policy is not None and policy.operations:
        for name in (name for name in policy.among if name != "identity"):
            alone_too = policy.model_copy(update={"among": [name], "operations": 1})
            shown[name] = apply_policy(images.clone(), alone_too, draws)
    return {name: _to_pixels(changed.permute(0, 2, 3, 1)) for name, changed in shown.items()}


def _to_pixels(images: Tensor) -> Pixels:
    pixels: Pixels = images.round().clamp(0, 255).byte().contiguous().numpy()
    return pixels
