"""What reaches the network, as conf has it."""

import numpy as np
import pytest
import torch

from dermaflow.data.images.preprocess import Preprocess
from dermaflow.ml.augmentation.batch_random import Draws
from dermaflow.ml.training.recipe import feed, scale_at
from dermaflow.params.train import ResizeStage
from ml.recipes import make_params

PREPROCESS = Preprocess(24, 32)
STAGES = [ResizeStage(until=0.25, scale=0.5), ResizeStage(until=0.5, scale=0.75)]
PIXELS = np.random.default_rng(0).integers(0, 256, (6, 24, 32, 3), np.uint8)
LABELS = np.arange(6) % 3


def fed(params, done=0.0, preprocess=PREPROCESS):
    draws = Draws(torch.Generator().manual_seed(1))
    pixels, labels = torch.from_numpy(PIXELS), torch.from_numpy(LABELS)
    return feed(pixels, labels, 3, done, preprocess, params, draws)


@pytest.mark.parametrize(
    ("done", "scale"), [(0.0, 0.5), (0.2499, 0.5), (0.25, 0.75), (0.5, 1.0), (0.99, 1.0)]
)
def test_images_grow_with_the_training(done, scale):
    assert scale_at(done, STAGES) == scale
    inputs, _ = fed(make_params(resize=STAGES), done)
    assert inputs.shape == (6, 3, 24 * scale, 32 * scale)


def test_without_stages_and_changes_the_network_gets_the_stored_images():
    inputs, labels = fed(make_params(augmented=False))
    assert scale_at(0.0, []) == 1.0
    assert torch.allclose(inputs, PREPROCESS.to_input(PIXELS), atol=1e-3)
    assert labels.tolist() == LABELS.tolist()


def test_colour_constancy_comes_before_the_changes_and_does_not_undo_them():
    corrected = Preprocess(24, 32, colour_constancy=6)
    plain, _ = fed(make_params(augmented=False), preprocess=corrected)
    assert torch.allclose(plain, corrected.to_input(PIXELS), atol=1e-3)
    changed, _ = fed(
        make_params(augmented=False, augmentation={"colour": 0.4}), preprocess=corrected
    )
    gains = corrected.denormalise(changed).mean(dim=(1, 2)) / corrected.denormalise(plain).mean(
        dim=(1, 2)
    )
    assert gains.std(dim=1).max() > 0.1


def test_a_batch_is_made_on_the_device_where_it_lies():
    mix = {"probability": 1.0, "mixup_alpha": 0.0, "cutmix_alpha": 1.0}
    effects = make_params().augmentation.effects.model_dump() | {"probability": 0.9, "noise": 0}
    params = make_params(augmentation={"effects": effects}, mix=mix, resize=STAGES)
    preprocess = Preprocess(24, 32, colour_constancy=6)
    pixels = torch.empty(6, 24, 32, 3, dtype=torch.uint8, device="meta")
    labels = torch.empty(6, dtype=torch.int64, device="meta")
    draws = Draws(torch.Generator().manual_seed(1))
    inputs, targets = feed(pixels, labels, 3, 0.0, preprocess, params, draws)
    assert (inputs.device.type, targets.device.type) == ("meta", "meta")
    assert (inputs.shape, targets.shape) == ((6, 3, 12, 16), (6, 3))
