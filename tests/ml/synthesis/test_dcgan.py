"""DCGAN: closed forms of the losses, shapes, determinism, and that it learns."""

import math

import numpy as np
import pytest
import torch

from conf_params import params_of
from dermaflow.ml.runtime import detect_runtime
from dermaflow.ml.synthesis.dcgan import (
    build_discriminator,
    build_generator,
    discriminator_loss,
    fit_dcgan,
    generator_loss,
    r1_penalty,
    to_shape,
    to_square,
)

PARAMS = params_of(
    "augment",
    {
        "dcgan.pixels": 32,
        "dcgan.latent": 8,
        "dcgan.width": 8,
        "dcgan.steps": 6,
        "dcgan.batch_size": 8,
        "dcgan.learning_rate": 2e-3,
        "dcgan.ema_decay": 0.9,
        "dcgan.r1_every": 2,
        "dcgan.grid_every": 3,
        "dcgan.log_every": 2,
    },
).dcgan
RUNTIME = detect_runtime("fp32")


def fit(images, params=PARAMS, seed=1, name="df", log=lambda metrics, step: None):
    return fit_dcgan(images, params, RUNTIME, seed, name, log)


def noise_images(count=12):
    return np.random.default_rng(0).integers(0, 255, (count, 40, 48, 3), dtype=np.uint8)


@pytest.mark.parametrize("pixels", [32, 64])
def test_networks_have_matching_shapes(pixels):
    params = PARAMS.model_copy(update={"pixels": pixels})
    images = build_generator(params)(torch.randn(3, params.latent))
    assert images.shape == (3, 3, pixels, pixels)
    assert images.abs().max() <= 1
    assert build_discriminator(params)(images).shape == (3,)


def test_losses_have_their_closed_forms():
    zero = torch.zeros(5)
    assert discriminator_loss(zero, zero).item() == pytest.approx(2 * math.log(2))
    assert generator_loss(zero).item() == pytest.approx(math.log(2))
    assert discriminator_loss(zero + 50, zero - 50).item() == pytest.approx(0, abs=1e-6)
    assert generator_loss(zero - 50).item() == pytest.approx(50)


def test_r1_of_a_linear_discriminator_is_its_squared_norm():
    weights = torch.randn(1, 3, 4, 4)
    images = torch.randn(6, 3, 4, 4, requires_grad=True)
    logits = (images * weights).sum(dim=(1, 2, 3))
    assert r1_penalty(logits, images).item() == pytest.approx(
        weights.square().sum().item(), rel=1e-5
    )


def test_same_seed_same_bits_other_seed_or_class_other_bits():
    images = noise_images()
    first, second = fit(images), fit(images)
    assert all(torch.equal(first.tensors[k], second.tensors[k]) for k in first.tensors)
    assert np.array_equal(first.grid, second.grid)
    for other in (fit(images, seed=2), fit(images, name="mel")):
        assert not np.array_equal(first.grid, other.grid)


def test_history_and_grid_follow_the_asked_intervals():
    logged = []
    gan = fit(noise_images(), log=lambda metrics, step: logged.append((step, sorted(metrics))))
    assert [record["step"] for record in gan.history] == [2, 4, 6]
    assert logged == [
        (step, ["gan/df_discriminator_loss", "gan/df_generator_loss"]) for step in (2, 4, 6)
    ]
    assert gan.grid.shape == (2, 8, 32, 32, 3)
    assert gan.grid.dtype == np.uint8


def test_fitting_does_not_touch_the_global_random_state():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    fit(noise_images())
    assert torch.equal(torch.rand(3), expected)


def test_generator_learns_the_colour_of_its_class():
    """After a short fit on red images, red dominates; before it does not."""
    red = np.zeros((16, 32, 32, 3), np.uint8)
    red[..., 0] = 200
    grid = fit(red, PARAMS.model_copy(update={"steps": 80, "grid_every": 80})).grid[-1].astype(int)
    assert grid[..., 0].mean() > grid[..., 1].mean() + 60
    assert grid[..., 0].mean() > grid[..., 2].mean() + 60


def test_square_and_shape_are_inverse_on_flat_images():
    flat = np.full((2, 30, 44, 3), 90, np.uint8)
    square = to_square(torch.from_numpy(flat), 32)
    assert square.shape == (2, 3, 32, 32)
    pixels = ((square + 1) * 127.5).round().byte().permute(0, 2, 3, 1).numpy()
    assert np.array_equal(to_shape(pixels, 30, 44), flat)
