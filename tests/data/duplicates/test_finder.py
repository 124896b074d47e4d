"""Copies of pictures are found again, however they were turned, and nothing else is."""

import cv2
import numpy as np
import pandas as pd
import pytest

from dermaflow.data.duplicates.alignment import align
from dermaflow.data.duplicates.finder import find_pairs, find_pairs_between
from dermaflow.data.duplicates.keypoints import detect, root_sift
from dermaflow.data.duplicates.vocabulary import learn_vocabulary
from dermaflow.data.images.image_store import ImageBatch, ImageStore, StoredImage, write_image_store
from dermaflow.params.duplicates import DuplicateParams

HEIGHT, WIDTH = 120, 160
PARAMS = DuplicateParams(keypoints=200, words=64, candidates=5, agreeing=10, chance_pairs=0.5)


def draw(number):
    """A picture of a spot with a texture of its own on skin."""
    rng = np.random.default_rng(number)
    x, y = np.meshgrid(np.arange(WIDTH) - WIDTH / 2, np.arange(HEIGHT) - HEIGHT / 2)
    spot = 1 / (1 + np.exp((np.hypot(x, y) - rng.uniform(30, 45)) / 3))
    rough = cv2.GaussianBlur(rng.normal(0, 1, (HEIGHT, WIDTH)), (0, 0), rng.uniform(2, 4))
    grey = 0.75 - spot * (0.35 + 0.25 * rough / rough.std())
    tint = np.array([1, 0.8, 0.7]) * rng.uniform(0.9, 1.1, 3)
    return (np.clip(grey[..., None] * tint, 0, 1) * 255).astype(np.uint8)


def turn(pixels, angle, zoom=1.0):
    matrix = cv2.getRotationMatrix2D((WIDTH / 2, HEIGHT / 2), angle, zoom)
    return cv2.warpAffine(pixels, matrix, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REFLECT_101)


CHANGES = {
    "same": lambda p: p,
    "turned": lambda p: turn(p, 37),
    "zoomed": lambda p: turn(p, 5, 1.3),
    "mirrored": lambda p: np.ascontiguousarray(p[:, ::-1]),
    "upside-down": lambda p: np.ascontiguousarray(p[::-1]),
    "darker": lambda p: (p * 0.8).astype(np.uint8),
    "compressed": lambda p: cv2.imdecode(
        cv2.imencode(".jpg", p, [cv2.IMWRITE_JPEG_QUALITY, 30])[1], cv2.IMREAD_COLOR
    ),
}


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Forty pictures, one copy of each of the first seven, and one without any feature."""
    pictures = {f"p{number:02d}": draw(number) for number in range(40)}
    copies = {
        f"copy-{name}": change(draw(number))
        for number, (name, change) in enumerate(CHANGES.items())
    }
    blank = {"blank": np.full((HEIGHT, WIDTH, 3), 180, np.uint8)}
    images = [StoredImage(name, p) for name, p in (pictures | copies | blank).items()]
    folder = tmp_path_factory.mktemp("store") / "images"
    write_image_store(folder, ImageBatch(images, (HEIGHT, WIDTH, 3)))
    return ImageStore(folder)


def find(store, params=PARAMS, seed=0):
    lesions = {name: f"lesion of {name}" for name in store.index["image_id"]}
    return find_pairs(store, lesions, params, np.random.default_rng(seed))


@pytest.fixture(scope="module")
def pairs(store):
    return find(store)


def test_every_copy_is_found_and_nothing_else(pairs):
    found = set(zip(pairs["image_a"], pairs["image_b"], strict=True))
    expected = {(f"p{number:02d}", f"copy-{name}") for number, name in enumerate(CHANGES)}
    assert found == expected


def test_it_says_how_one_lies_over_the_other(pairs):
    by_copy = pairs.set_index("image_b")
    assert abs(by_copy.loc["copy-turned", "turn"]) == pytest.approx(37, abs=3)
    assert by_copy.loc["copy-zoomed", "zoom"] == pytest.approx(1.3, abs=0.05)
    assert by_copy.index[by_copy["mirrored"]].tolist() in (
        ["copy-mirrored", "copy-upside-down"],
        ["copy-upside-down", "copy-mirrored"],
    )
    assert pairs["agreeing"].is_monotonic_decreasing


def test_equal_seeds_find_equal_pairs(store, pairs):
    pd.testing.assert_frame_equal(find(store), pairs)


def test_two_sets_are_compared_with_each_other_alone(store):
    names = store.index["image_id"].tolist()
    first = [name for name in names if name.startswith("p")]
    second = [name for name in names if not name.startswith("p")]
    pairs = find_pairs_between(
        (store, first[:3]), (store, first[3:] + second), PARAMS, np.random.default_rng(0)
    )
    found = set(zip(pairs["image_a"], pairs["image_b"], strict=True))
    assert found == {("p00", "copy-same"), ("p01", "copy-turned"), ("p02", "copy-zoomed")}
    empty = find_pairs_between((store, []), (store, second), PARAMS, np.random.default_rng(0))
    assert list(empty.columns) == list(pairs.columns)
    assert empty.empty


def test_no_candidates_no_pairs(store):
    assert len(find(store, PARAMS.model_copy(update={"candidates": 0}))) == 0


def test_pictures_without_features_are_no_pair(tmp_path):
    blank = np.full((HEIGHT, WIDTH, 3), 180, np.uint8)
    images = [StoredImage(name, blank) for name in "abc"]
    write_image_store(tmp_path / "s", ImageBatch(images, (HEIGHT, WIDTH, 3)))
    assert len(find(ImageStore(tmp_path / "s"))) == 0


def test_a_mirrored_picture_has_the_mirrored_features():
    here, there = detect(draw(1), 100), detect(np.ascontiguousarray(draw(1)[:, ::-1]), 100)
    likeness = root_sift(here.mirrored().descriptors) @ root_sift(there.descriptors).T
    assert np.median(likeness.max(axis=1)) > 0.98
    unlike = root_sift(here.descriptors) @ root_sift(there.descriptors).T
    assert np.median(unlike.max(axis=1)) < 0.9
    assert align(here.mirrored(), there, WIDTH, True).agreeing > 50


def test_a_vector_has_unit_length_and_is_nearest_to_its_own_picture():
    keypoints = [detect(draw(number), 200) for number in range(10)]
    descriptors = np.concatenate([k.descriptors for k in keypoints])
    vocabulary = learn_vocabulary(descriptors, 32, np.random.default_rng(0))
    vectors = np.stack([vocabulary.encode(k.descriptors) for k in keypoints])
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)
    copies = [detect(turn(draw(number), 20), 200) for number in range(10)]
    likeness = np.stack([vocabulary.encode(k.descriptors) for k in copies]) @ vectors.T
    assert likeness.argmax(axis=1).tolist() == list(range(10))
    assert not vocabulary.encode(np.zeros((0, 128), np.uint8)).any()
