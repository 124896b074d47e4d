"""LIME against the library itself, and on functions of which it is known what they look at."""

import numpy as np
import pytest
from lime.lime_image import LimeImageExplainer

from conf_params import params_of
from dermaflow.ml.explanation.lime_maps import VectorisedLime, explain_with_lime
from dermaflow.ml.explanation.relevance import share_inside
from ml.explanation.pictures import SIDE, linear_in_square

SEGMENTS = 16
LIME = params_of("explain", {"lime.samples": 256, "lime.segments": SEGMENTS}).lime
FEW = params_of("explain", {"lime.samples": 32, "lime.segments": 12}).lime


@pytest.fixture(scope="module")
def found(contrast_probability, picture):
    """The map of the square's contrast."""
    return explain_with_lime(contrast_probability, picture, LIME, 64, seed=1)


def test_draws_pictures_and_fits_are_the_librarys_bit_for_bit(contrast_probability, picture):
    eighths = np.arange(SIDE) // 8
    regions = 4 * eighths[:, None] + eighths
    seen, found = [], []
    for explainer in (LimeImageExplainer(random_state=3), VectorisedLime(random_state=3)):
        shown = []

        def score(batch, shown=shown):
            shown.extend(np.array(batch))
            return contrast_probability(np.array(batch))[:, None]

        explanation = explainer.explain_instance(
            picture,
            score,
            labels=(0,),
            top_labels=None,
            num_samples=40,
            batch_size=16,
            segmentation_fn=lambda _: regions,
        )
        seen.append(np.stack(shown))
        found.append(dict(explanation.local_exp[0]))
    np.testing.assert_array_equal(*seen)
    assert len(seen[0]) == 40
    assert found[0] == found[1]
    assert max(found[0].values()) > 1e-3


def test_superpixels_survive_grain(found):
    assert len(np.unique(found.relevance)) >= SEGMENTS // 2


def test_the_square_is_found(found, inside):
    assert found.relevance.dtype == np.float32
    assert found.relevance.shape == (SIDE, SIDE)
    assert share_inside(found.relevance, inside) >= 0.8
    assert 0.8 <= found.notes["fit"] <= 1


def test_a_superpixel_spreads_its_weight_evenly_over_its_pixels(picture):
    """Superpixels differ in area, but a pixel counts the same in each of them."""

    def share_shown(pixels):
        return (pixels == picture).all(3).mean((1, 2), dtype=np.float64)

    found = explain_with_lime(share_shown, picture, LIME, 64, seed=1)
    np.testing.assert_allclose(found.relevance, 1 / SIDE**2, rtol=0.15)
    assert found.notes["fit"] == pytest.approx(1, abs=0.01)


def test_pictures_come_a_batch_at_a_time_and_the_whole_one_first(picture):
    sizes, first = [], []

    def score(pixels):
        sizes.append(len(pixels))
        first.append(pixels[0])
        return linear_in_square(pixels)

    explain_with_lime(score, picture, FEW, 12, seed=1)
    assert sizes == [12, 12, 8]
    np.testing.assert_array_equal(first[0], picture)


def test_equal_seeds_give_equal_bits_whatever_the_global_generator_did(
    contrast_probability, picture
):
    maps = []
    for seed, unrelated in ((1, 5), (1, 6), (2, 7)):
        np.random.seed(unrelated)  # noqa: NPY002
        found = explain_with_lime(contrast_probability, picture, FEW, 16, seed)
        maps.append(found.relevance.tobytes())
    assert maps[0] == maps[1] != maps[2]
