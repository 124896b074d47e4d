import numpy as np
import pytest
import torch
from lime.lime_image import LimeImageExplainer
from shap.maskers import Image
from skimage.segmentation import slic

from dermaflow.data.images.preprocess import Preprocess
from dermaflow.ml.evaluation.decision_rule import DecisionRule
from dermaflow.ml.explanation.lime_maps import VectorisedLime, explain_with_lime
from dermaflow.ml.explanation.relevance import (
    blur,
    class_probability,
    compare_deletion,
    deletion_area,
    share_inside,
)
from dermaflow.ml.explanation.shap_maps import HidingMasker, explain_with_shap
from dermaflow.ml.models.classifier import Classifier, build_resnet50
from dermaflow.ml.models.predict import predict_batch
from dermaflow.ml.runtime import detect_runtime
from dermaflow.params.explain import LimeParams, ShapParams

SIDE = 32
SQUARE = (slice(8, 24), slice(8, 16))
LIME = LimeParams(samples=256, segments=16, compactness=10.0)
SHAP = ShapParams(evaluations=256)
RUNTIME = detect_runtime("fp32")


class ContrastInSquare(torch.nn.Module):
    """Two classes; the first one's logit is the contrast between neighbours in the square."""

    def forward(self, images):
        square = images[:, :, SQUARE[0], SQUARE[1]]
        contrast = (square[..., 1:] - square[..., :-1]).square().mean((1, 2, 3))
        return torch.stack([contrast * 4, torch.zeros_like(contrast)], 1)


def linear_in_square(pixels):
    """Mean value inside the square, as a share of full white."""
    return pixels[:, SQUARE[0], SQUARE[1]].mean((1, 2, 3), dtype=np.float64).astype("f4") / 255


@pytest.fixture
def inside():
    mask = np.zeros((SIDE, SIDE), bool)
    mask[SQUARE] = True
    return mask


@pytest.fixture
def picture(inside):
    """Grained ground with a square of another colour, which superpixels can follow."""
    grain = np.random.default_rng(0).integers(-30, 31, (SIDE, SIDE, 3))
    colour = np.where(inside[..., None], [200, 60, 60], [90, 140, 170])
    return (colour + grain).astype(np.uint8)


def preprocess(side):
    return Preprocess(height=side, width=side, max_bytes=2**20, max_pixels=10**6)


@pytest.fixture
def contrast_probability():
    classifier = Classifier(ContrastInSquare(), preprocess(SIDE), ("contrast", "none"))
    return class_probability(classifier, DecisionRule(), "contrast", RUNTIME, 64)


@pytest.fixture(scope="module")
def resnet():
    torch.manual_seed(0)
    network = build_resnet50(3).train()
    with torch.no_grad():
        # Batch statistics that fit the input keep a random network from answering a constant.
        for module in network.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.momentum = 1.0
        network(torch.randn(16, 3, SIDE, SIDE))
        network.fc.weight.div_(20)
    return Classifier(network.eval(), preprocess(SIDE), ("a", "b", "c"))


def test_probability_is_that_of_the_class_whatever_the_batches(resnet, picture):
    pixels = np.stack([np.roll(picture, k, 0) for k in range(5)])
    rule = DecisionRule(2.5, {resnet.classes[0]: -1.0}, views=2)
    whole = rule.probabilities(predict_batch(resnet, pixels, RUNTIME, 2), resnet.classes)
    for size in (1, 2, 5, 64):
        score = class_probability(resnet, rule, "b", RUNTIME, size)(pixels)
        np.testing.assert_allclose(score, whole[:, 1], atol=1e-5)
    with pytest.raises(ValueError):
        class_probability(resnet, rule, "d", RUNTIME, 2)


def test_lime_draws_and_fits_as_the_library_does(resnet, picture):
    regions = slic(picture, n_segments=12, compactness=10, sigma=1, start_label=0)
    found = []
    for explainer in (LimeImageExplainer(random_state=3), VectorisedLime(random_state=3)):
        explanation = explainer.explain_instance(
            picture,
            lambda batch: DecisionRule().probabilities(
                predict_batch(resnet, batch, RUNTIME, 1), resnet.classes
            ),
            labels=(1,),
            top_labels=None,
            num_samples=40,
            batch_size=16,
            segmentation_fn=lambda _: regions,
        )
        found.append(dict(explanation.local_exp[1]))
    assert found[0] == found[1]
    assert max(found[0].values()) > 1e-3


def test_superpixels_survive_grain(contrast_probability, picture):
    found = explain_with_lime(contrast_probability, picture, LIME, 64, seed=1)
    assert len(np.unique(found.relevance)) >= 8


def test_lime_finds_the_square(contrast_probability, picture, inside):
    found = explain_with_lime(contrast_probability, picture, LIME, 64, seed=1)
    assert found.relevance.dtype == np.float32
    assert found.relevance.shape == (SIDE, SIDE)
    assert share_inside(found.relevance, inside) >= 0.8
    assert 0.8 <= found.notes["fit"] <= 1


def test_shap_finds_the_square_and_adds_up(contrast_probability, picture, inside):
    hidden = blur(picture, 0.5)
    found = explain_with_shap(contrast_probability, picture, hidden, SHAP, 64, seed=1)
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


def test_shap_of_a_linear_function_is_its_terms(picture, inside):
    hidden = blur(picture, 0.5)
    every_leaf = ShapParams(evaluations=10**6)
    small = (slice(8, 12), slice(8, 12))

    def mean(pixels):
        return pixels[:, 1:3, 1:3].mean((1, 2, 3), dtype=np.float64) / 255

    found = explain_with_shap(mean, picture[small], hidden[small], every_leaf, 64, seed=1)
    terms = np.zeros((4, 4))
    difference = picture[small].astype(float) - hidden[small]
    terms[1:3, 1:3] = difference[1:3, 1:3].sum(2) / (2 * 2 * 3 * 255)
    np.testing.assert_allclose(found.relevance, terms, atol=1e-6)


def test_equal_seeds_give_equal_bits(resnet, picture):
    score = class_probability(resnet, DecisionRule(), "a", RUNTIME, 16)
    hidden = blur(picture, 0.5)
    small = LimeParams(samples=32, segments=12, compactness=10)
    few = ShapParams(evaluations=32)
    lime, shap = [], []
    for seed, unrelated in ((1, 5), (1, 6), (2, 7)):
        np.random.seed(unrelated)  # noqa: NPY002
        lime.append(explain_with_lime(score, picture, small, 16, seed).relevance.tobytes())
        shap.append(explain_with_shap(score, picture, hidden, few, 16, seed).relevance.tobytes())
    assert lime[0] == lime[1] != lime[2]
    assert shap[0] == shap[1]
    assert np.ptp(np.frombuffer(lime[0], np.float32)) > 1e-6


def test_equal_seeds_give_equal_bits_where_every_rectangle_ties(inside):
    # On a flat image the order of refinement is drawn at random, by numpy's global generator.
    flat = np.full((SIDE, SIDE, 3), 200, np.uint8)
    black = np.zeros_like(flat)
    maps = {}
    for seed, unrelated in ((1, 5), (1, 6), (2, 7)):
        np.random.seed(unrelated)  # noqa: NPY002
        found = explain_with_shap(
            lambda pixels: pixels.mean((1, 2, 3)) / 255, flat, black, ShapParams(evaluations=32),
            16, seed,
        )  # fmt: skip
        maps.setdefault(seed, set()).add(found.relevance.tobytes())
    assert len(maps[1]) == 1


def test_shap_leaves_the_global_generator_as_it_was(picture):
    np.random.seed(5)  # noqa: NPY002
    expected = np.random.random(3)  # noqa: NPY002
    np.random.seed(5)  # noqa: NPY002
    explain_with_shap(linear_in_square, picture, blur(picture, 0.5), SHAP, 64, seed=1)
    np.testing.assert_array_equal(np.random.random(3), expected)  # noqa: NPY002


def test_blur_keeps_the_mean_and_takes_the_detail(picture):
    blurred = blur(picture, 0.5)
    assert blurred.dtype == np.uint8
    assert blurred.shape == picture.shape
    assert abs(blurred.mean() - picture.mean()) < 5
    assert (
        np.abs(np.diff(blurred.astype(int), axis=1)).mean()
        < 10
        < np.abs(np.diff(picture.astype(int), axis=1)).mean()
    )
    flat = np.full((SIDE, SIDE, 3), 80, np.uint8)
    np.testing.assert_array_equal(blur(flat, 0.5), flat)


def test_share_inside_counts_positive_relevance_only(inside):
    ones = np.ones((SIDE, SIDE), np.float32)
    assert share_inside(ones, inside) == pytest.approx(inside.mean())
    assert share_inside(np.where(inside, ones, -ones), inside) == 1
    assert share_inside(np.where(inside, -ones, ones), inside) == 0
    assert np.isnan(share_inside(-ones, inside))


def test_deletion_area_of_a_known_order(inside):
    white = np.full((SIDE, SIDE, 3), 255, np.uint8)
    black = np.zeros_like(white)
    relevance = inside.astype(np.float32)
    # The square, an eighth of the image, goes first: p falls straight to 0 in that eighth.
    share = inside.mean()
    best = deletion_area(linear_in_square, white, black, relevance, steps=64)
    worst = deletion_area(linear_in_square, white, black, -relevance, steps=64)
    assert best == pytest.approx(share / 2, abs=1e-6)
    assert worst == pytest.approx(1 - share / 2, abs=1e-6)


def test_a_true_map_beats_itself_moved_elsewhere(inside):
    white = np.full((SIDE, SIDE, 3), 255, np.uint8)
    rng = np.random.default_rng(3)
    found = compare_deletion(
        linear_in_square, white, np.zeros_like(white), inside.astype(np.float32), rng
    )
    assert found["deletion"] < found["deletion_shifted"] - 0.1
