"""Measures of pictures, against numpy and scipy, and in closed form."""

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter, laplace

from dermaflow.ml.evaluation.abstention import PICTURE_MEASURES
from dermaflow.ml.models.picture_measures import measure_pictures


def measured(pixels):
    found = measure_pictures(torch.from_numpy(np.asarray(pixels, np.uint8)))
    return {name: values.numpy() for name, values in found.items()}


def test_they_are_those_that_the_rule_knows_each_a_number_a_picture():
    found = measured(np.zeros((3, 8, 9, 3)))
    assert tuple(found) == PICTURE_MEASURES
    assert {values.shape for values in found.values()} == {(3,)}
    assert {values.dtype for values in found.values()} == {np.dtype(np.float32)}


def test_one_colour_has_neither_contrast_nor_sharpness():
    found = measured(np.full((1, 8, 8, 3), (200, 150, 100)))
    assert [float(found[name][0]) for name in PICTURE_MEASURES] == pytest.approx([0, 0, 50, 75])


def test_contrast_and_sharpness_are_those_of_the_grey_values():
    pixels = np.random.default_rng(0).integers(0, 256, (2, 20, 24, 3), dtype=np.uint8)
    grey = pixels @ np.array([0.299, 0.587, 0.114])
    found = measured(pixels)
    np.testing.assert_allclose(found["contrast"], grey.std((1, 2)), rtol=1e-5)
    inner = np.stack([laplace(picture)[1:-1, 1:-1] for picture in grey])
    np.testing.assert_allclose(found["sharpness"], np.log10(1 + inner.var((1, 2))), rtol=1e-5)


def test_blur_lowers_sharpness_and_keeps_colour():
    sharp = np.random.default_rng(0).integers(0, 256, (1, 32, 32, 3), dtype=np.uint8)
    blurred = gaussian_filter(sharp.astype(float), (0, 2, 2, 0)).round()
    before, after = measured(sharp), measured(blurred)
    assert after["sharpness"] < before["sharpness"] - 1
    assert after["redness"] == pytest.approx(before["redness"], abs=1)


def test_a_picture_is_measured_alike_alone_and_among_others():
    pixels = np.random.default_rng(0).integers(0, 256, (9, 16, 16, 3), dtype=np.uint8)
    together, alone = measured(pixels), measured(pixels[4:5])
    for name in PICTURE_MEASURES:
        assert together[name][4] == pytest.approx(alone[name][0], rel=1e-6), name
