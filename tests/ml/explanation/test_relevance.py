"""The function that is explained, what hides a pixel, and measures of a map."""

import numpy as np
import pytest
import torch

from dermaflow.data.images.preprocess import Preprocess
from dermaflow.ml.evaluation.decision_rule import DecisionRule
from dermaflow.ml.explanation.relevance import (
    blur,
    class_probability,
    compare_deletion,
    deletion_area,
    share_inside,
)
from dermaflow.ml.models.classifier import Classifier
from dermaflow.ml.models.predict import predict_batch
from dermaflow.ml.runtime import detect_runtime
from ml.explanation.pictures import SIDE, linear_in_square

RUNTIME = detect_runtime("fp32")


@pytest.fixture(scope="module")
def classifier():
    """Three classes by the brightness of a picture's corners, so that its views differ."""
    torch.manual_seed(0)
    corners = torch.nn.AvgPool2d(SIDE // 2)
    network = torch.nn.Sequential(corners, torch.nn.Flatten(), torch.nn.Linear(3 * 2 * 2, 3))
    return Classifier(network, Preprocess(height=SIDE, width=SIDE), ("a", "b", "c"))


def test_probability_is_that_of_the_class_whatever_the_batches(classifier, picture):
    pixels = np.stack([np.roll(picture, 5 * k, 0) for k in range(5)])
    rule = DecisionRule(2.5, {"a": -1.0}, views=2)
    whole = rule.probabilities(predict_batch(classifier, pixels, RUNTIME, 2), classifier.classes)
    assert np.ptp(whole[:, 1]) > 0.01
    for size in (1, 2, 5, 64):
        score = class_probability(classifier, rule, "b", RUNTIME, size)(pixels)
        np.testing.assert_allclose(score, whole[:, 1], atol=1e-5)
    with pytest.raises(ValueError):
        class_probability(classifier, rule, "d", RUNTIME, 2)


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
