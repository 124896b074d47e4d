"""Colour constancy on images whose light is known."""

import numpy as np
import pytest
import torch

from dermaflow.data.images.colour_constancy import shades_of_grey
from dermaflow.data.images.preprocess import Preprocess

GREY_SCENE = torch.rand(2, 12, 16, 1, generator=torch.Generator().manual_seed(0)) * 150 + 20


@pytest.mark.parametrize("norm", [1, 6])
def test_a_grey_scene_under_a_coloured_light_becomes_grey_again(norm):
    lit = GREY_SCENE * torch.tensor([1.0, 0.7, 0.4])
    corrected = shades_of_grey(lit, norm)
    # The light's length is kept: sqrt((1 + .49 + .16) / 3) of the scene's values.
    expected = (GREY_SCENE * (1.65 / 3) ** 0.5).expand(-1, -1, -1, 3)
    assert torch.allclose(corrected, expected, atol=0.01)


def test_a_white_light_changes_nothing():
    grey = GREY_SCENE.expand(-1, -1, -1, 3)
    assert torch.allclose(shades_of_grey(grey, 6), grey, atol=0.01)


def test_norm_one_is_the_grey_world_and_a_large_one_the_brightest_pixels():
    image = torch.zeros(1, 1, 2, 3)
    image[0, 0] = torch.tensor([[100.0, 60.0, 40.0], [20.0, 20.0, 40.0]])
    assert shades_of_grey(image, 1).mean(dim=(1, 2))[0].std() < 0.01
    assert shades_of_grey(image, 20).amax(dim=(1, 2))[0].std() < 1.5


def test_each_image_has_a_light_of_its_own_and_black_ones_stay_black():
    images = torch.cat([GREY_SCENE[:1] * torch.tensor([1.0, 0.5, 0.5]), torch.zeros(1, 12, 16, 3)])
    corrected = shades_of_grey(images, 6)
    assert torch.equal(corrected[:1], shades_of_grey(images[:1], 6))
    assert torch.equal(corrected[1], torch.zeros(12, 16, 3))


def test_preprocess_takes_the_light_out_before_it_normalises():
    preprocess = Preprocess(12, 16, colour_constancy=6)
    pixels = (GREY_SCENE * torch.tensor([1.0, 0.7, 0.4])).byte().numpy()
    plain = Preprocess(12, 16)
    expected = plain.normalise(shades_of_grey(torch.from_numpy(pixels).float(), 6))
    assert torch.equal(preprocess.to_input(pixels), expected)
    assert not torch.allclose(preprocess.to_input(pixels), plain.to_input(pixels), atol=0.1)


def test_descriptions_of_older_models_load_and_leave_colours_as_they_are():
    description = Preprocess(12, 16).to_dict()
    del description["colour_constancy"]
    assert Preprocess.from_dict(description) == Preprocess(12, 16)
    corrected = Preprocess(12, 16, colour_constancy=6.0)
    assert Preprocess.from_dict(corrected.to_dict()) == corrected


def test_denormalised_inputs_are_the_pixels_again():
    preprocess = Preprocess(12, 16)
    pixels = np.random.default_rng(0).integers(0, 256, (2, 12, 16, 3), np.uint8)
    images = preprocess.denormalise(preprocess.to_input(pixels))
    assert torch.allclose(images, torch.from_numpy(pixels).float(), atol=0.01)
