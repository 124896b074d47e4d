"""Prediction over a store, a batch at a time."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch

from dermaflow.data.images.image_store import ImageBatch, ImageStore, StoredImage, write_image_store
from dermaflow.data.images.preprocess import Preprocess
from dermaflow.data.images.read_batches import read_batches
from dermaflow.ml.models.classifier import Classifier, build_resnet50
from dermaflow.ml.models.predict import observe_batch, predict, predict_batch
from dermaflow.ml.runtime import Runtime

CLASSES = ("bkl", "mel", "nv")
FLOAT32 = Runtime(torch.device("cpu"), torch.float32)


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    torch.manual_seed(0)
    network = build_resnet50(len(CLASSES)).eval().to(memory_format=torch.channels_last)
    return Classifier(network, Preprocess(height=32, width=32), CLASSES)


@pytest.fixture
def store(tmp_path: Path) -> ImageStore:
    rng = np.random.default_rng(0)
    images = [
        StoredImage(f"i{number}", rng.integers(0, 256, (32, 32, 3), dtype=np.uint8))
        for number in range(7)
    ]
    write_image_store(tmp_path / "store", ImageBatch(images, (32, 32, 3), shard_images=3))
    return ImageStore(tmp_path / "store")


def test_rows_are_the_networks_logits(classifier: Classifier, store: ImageStore) -> None:
    pixels = store.read(["i0", "i1"])
    found = predict_batch(classifier, pixels, FLOAT32, 1)
    assert found.shape == (2, len(CLASSES))
    assert found.dtype == np.float32
    with torch.inference_mode():
        logits = classifier.network(classifier.preprocess.to_input(pixels))
    np.testing.assert_array_equal(found, logits.numpy())


def test_logits_of_several_views_are_the_mean_of_theirs(
    classifier: Classifier, store: ImageStore
) -> None:
    pixels = store.read(["i0", "i1", "i2"])
    turned = [
        np.ascontiguousarray(np.rot90(side, quarter, (1, 2)))
        for quarter in range(4)
        for side in (pixels, pixels[:, :, ::-1])
    ]
    each = [predict_batch(classifier, view, FLOAT32, 1) for view in turned]
    found = predict_batch(classifier, pixels, FLOAT32, 8)
    np.testing.assert_allclose(found, np.mean(each, axis=0), atol=1e-5)
    assert np.ptp(each, axis=0).min() > 1e-4  # the network does tell them apart


def test_all_views_of_an_image_get_the_same_answer(
    classifier: Classifier, store: ImageStore
) -> None:
    pixels = store.read(["i0", "i1"])
    first = predict_batch(classifier, pixels, FLOAT32, 4)
    upside_down = np.ascontiguousarray(pixels[:, ::-1, ::-1])
    np.testing.assert_allclose(predict_batch(classifier, upside_down, FLOAT32, 4), first, atol=1e-5)


def test_order_is_that_of_the_ids_whatever_the_batch_size(
    classifier: Classifier, store: ImageStore
) -> None:
    image_ids = ["i6", "i0", "i3", "i5", "i1"]
    expected = predict_batch(classifier, store.read(image_ids), FLOAT32, 2)
    for batch_size in (1, 2, 8):
        batches = read_batches(store, image_ids, batch_size, "test")
        found = predict(classifier, batches, FLOAT32, 2)
        # Kernels may sum in another order at another batch size.
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


def test_same_call_same_bits(classifier: Classifier, store: ImageStore) -> None:
    pixels = store.read([f"i{number}" for number in range(7)])
    first, second = (predict_batch(classifier, pixels, FLOAT32, 4) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_half_precision_still_gives_float32(classifier: Classifier, store: ImageStore) -> None:
    runtime = Runtime(torch.device("cpu"), torch.bfloat16)
    pixels = store.read(["i0", "i1"])
    found = predict_batch(classifier, pixels, runtime, 2)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, predict_batch(classifier, pixels, FLOAT32, 2), rtol=0.1)


def test_no_images_give_an_empty_table(classifier: Classifier, store: ImageStore) -> None:
    found = predict(classifier, read_batches(store, [], 4, "test"), FLOAT32, 1)
    assert found.shape == (0, len(CLASSES))
    assert found.dtype == np.float32


@pytest.mark.parametrize("views", [1, 4])
def test_features_are_what_the_head_makes_the_logits_of(
    classifier: Classifier, store: ImageStore, views: int
) -> None:
    pixels = store.read(["i0", "i1", "i2"])
    seen = observe_batch(classifier, pixels, FLOAT32, views)
    np.testing.assert_array_equal(seen.logits, predict_batch(classifier, pixels, FLOAT32, views))
    assert seen.features.shape == (3, 2048)
    with torch.inference_mode():
        head = classifier.network.get_submodule("fc")
        logits = head(torch.from_numpy(seen.features)).numpy()
    np.testing.assert_allclose(logits, seen.logits, atol=1e-5)
    assert {name: len(values) for name, values in seen.measures.items()} == dict.fromkeys(
        ("contrast", "sharpness", "redness", "yellowness"), 3
    )


def test_requests_at_once_get_their_own_features(classifier: Classifier, store: ImageStore) -> None:
    pictures = [store.read([f"i{number}"]) for number in range(4)]

    def observe(pixels):  # type: ignore[no-untyped-def]
        return observe_batch(classifier, pixels, FLOAT32, 2)

    alone = [observe(pixels) for pixels in pictures]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(observe, pictures))
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_allclose(one.features, other.features, atol=1e-6)
        np.testing.assert_allclose(one.logits, other.logits, atol=1e-6)
