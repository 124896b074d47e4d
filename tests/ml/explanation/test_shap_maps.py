"""SHAP: maps add up, find what a function looks at, and depend on their seed alone."""

import numpy as np
import pytest
from shap.maskers import Image

from conf_params import params_of
from dermaflow.ml.explanation.relevance import blur, share_inside
from dermaflow.ml.explanation.shap_maps import HidingMasker, explain_with_shap
from ml.explanation.pictures import SIDE, linear_in_square

pytestmark = pytest.mark.usefixtures("compiled_shap")


def shap_params(evaluations):
    return params_of("explain", {"shap.evaluations": evaluations}).shap


@pytest.fixture(scope="module")
def hidden(picture):
    return blur(picture, 0.5)


@pytest.fixture(scope="module")
def found(compiled_shap, contrast_probability, picture, hidden):
    """The map of the square's contrast."""
    return explain_with_shap(contrast_probability, picture, hidden, shap_params(256), 64, seed=1)


def test_the_square_is_found_and_the_map_adds_up(
    found, contrast_probability, picture, hidden, inside
):
    assert found.relevance.dtype == np.float32
    assert share_inside(found.relevance, inside) >= 0.8
    image, base = contrast_probability(np.stack([picture, hidden]))
    assert found.notes["base"] == pytest.approx(base, abs=1e-6)
    assert found.relevance.sum() == pytest.approx(image - base, abs=1e-5)
    assert image - base > 0.1


def test_images_of_a_shape_share_the_librarys_tree_and_nothing_else(picture):
    for shape in ((12, 8), (8, 12)):
        images = [picture[: shape[0], : shape[1]], picture[-shape[0] :, -shape[1] :]]
        first, second = (HidingMasker(image) for image in images)
        np.testing.assert_array_equal(first.clustering, Image(images[0]).clustering)
        assert first.clustering is second.clustering
        np.testing.assert_array_equal(second.mask_value, images[1].ravel())


def test_the_map_of_a_linear_function_is_its_terms(picture, hidden):
    small = (slice(8, 12), slice(8, 12))

    def mean(pixels):
        return pixels[:, 1:3, 1:3].mean((1, 2, 3), dtype=np.float64) / 255

    every_leaf = shap_params(10**6)
    found = explain_with_shap(mean, picture[small], hidden[small], every_leaf, 64, seed=1)
    terms = np.zeros((4, 4))
    difference = picture[small].astype(float) - hidden[small]
    terms[1:3, 1:3] = difference[1:3, 1:3].sum(2) / (2 * 2 * 3 * 255)
    np.testing.assert_allclose(found.relevance, terms, atol=1e-6)


def test_equal_seeds_give_equal_bits_where_every_rectangle_ties():
    # On a flat image the order of refinement is drawn at random, by numpy's global generator.
    flat = np.full((SIDE, SIDE, 3), 200, np.uint8)
    black = np.zeros_like(flat)

    def brightness(pixels):
        return pixels.mean((1, 2, 3)) / 255

    maps = set()
    for unrelated in (5, 6):
        np.random.seed(unrelated)  # noqa: NPY002
        found = explain_with_shap(brightness, flat, black, shap_params(32), 16, seed=1)
        maps.add(found.relevance.tobytes())
    assert len(maps) == 1


def test_the_global_generator_is_left_as_it_was_even_by_an_error(picture, hidden):
    def fail(pixels):
        np.random.random(3)  # noqa: NPY002
        raise ZeroDivisionError

    np.random.seed(5)  # noqa: NPY002
    expected = np.random.random(3)  # noqa: NPY002
    np.random.seed(5)  # noqa: NPY002
    explain_with_shap(linear_in_square, picture, hidden, shap_params(32), 64, seed=1)
    with pytest.raises(ZeroDivisionError):
        explain_with_shap(fail, picture, hidden, shap_params(32), 64, seed=1)
    np.testing.assert_array_equal(np.random.random(3), expected)  # noqa: NPY002
