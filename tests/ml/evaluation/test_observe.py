"""Logits, measures and distances of many images, joined over batches."""

import numpy as np
import pytest
import torch

from dermaflow.data.images.preprocess import Preprocess
from dermaflow.ml.evaluation.learn_feature_space import learn_feature_space
from dermaflow.ml.evaluation.observe import observe, observe_training
from dermaflow.ml.models.classifier import Classifier, build_resnet50
from dermaflow.ml.models.predict import observe_batch
from dermaflow.ml.runtime import Runtime

FLOAT32 = Runtime(torch.device("cpu"), torch.float32)


@pytest.fixture(scope="module")
def classifier():
    torch.manual_seed(0)
    network = build_resnet50(2).eval().to(memory_format=torch.channels_last)
    return Classifier(network, Preprocess(height=32, width=32), ("mel", "nv"))


@pytest.fixture(scope="module")
def pixels():
    return np.random.default_rng(0).integers(0, 256, (5, 32, 32, 3), dtype=np.uint8)


def test_batches_are_joined_in_order(classifier, pixels):
    whole = observe_training(classifier, [pixels], FLOAT32, 1)
    space = learn_feature_space(whole.features, ["mel", "nv", "nv", "mel", "nv"])
    seen = observe(classifier, [pixels[:2], pixels[2:]], FLOAT32, 1, space)
    np.testing.assert_allclose(seen.logits, whole.logits, atol=1e-5)
    assert list(seen.measures) == [*whole.measures, "distance"]
    for name, values in whole.measures.items():
        np.testing.assert_allclose(seen.measures[name], values, rtol=1e-5)
    np.testing.assert_allclose(
        seen.measures["distance"], space.distances(whole.features), rtol=1e-3
    )
    parts = observe_training(classifier, [pixels[:2], pixels[2:]], FLOAT32, 1)
    np.testing.assert_allclose(parts.features, whole.features, atol=1e-5)


def test_without_a_space_there_is_no_distance(classifier, pixels):
    seen = observe(classifier, [pixels], FLOAT32, 1, None)
    assert list(seen.measures) == list(observe_batch(classifier, pixels, FLOAT32, 1).measures)


def test_of_no_image_there_are_no_logits(classifier):
    seen = observe(classifier, [], FLOAT32, 1, None)
    assert seen.logits.shape == (0, 2)
