"""Copies of pictures are found again, however they were turned, and nothing else is."""

import cv2
import numpy as np
import pandas as pd
import pytest

from conf_params import params_of
from data.duplicates.drawn import blank, draw, mirror, turn
from dermaflow.data.duplicates.finder import find_pairs, find_pairs_between
from dermaflow.data.duplicates.picture_features import stored_features

PARAMS = params_of("duplicates", {"words": 64, "candidates": 5, "agreeing": 10})

CHANGES = {
    "same": lambda p: p,
    "turned": lambda p: turn(p, 37),
    "zoomed": lambda p: turn(p, 5, 1.3),
    "mirrored": mirror,
    "upside-down": lambda p: np.ascontiguousarray(p[::-1]),
    "darker": lambda p: (p * 0.8).astype(np.uint8),
    "compressed": lambda p: cv2.imdecode(
        cv2.imencode(".jpg", p, [cv2.IMWRITE_JPEG_QUALITY, 30])[1], cv2.IMREAD_COLOR
    ),
}


@pytest.fixture(scope="module")
def store(make_features):
    """Forty pictures, one copy of each of the first seven, and one without any feature."""
    pictures = {f"p{number:02d}": draw(number) for number in range(40)}
    copies = {
        f"copy-{name}": change(draw(number))
        for number, (name, change) in enumerate(CHANGES.items())
    }
    return make_features(pictures | copies | {"blank": blank()})


def find(store, params=PARAMS, seed=0):
    lesions = {name: f"lesion of {name}" for name in store.index["image_id"]}
    return find_pairs(store, lesions, params, np.random.default_rng(seed))


@pytest.fixture(scope="module")
def pairs(store):
    return find(store)


def test_every_copy_is_found_and_nothing_else(pairs):
    found = set(zip(pairs["image_a"], pairs["image_b"], strict=True))
    expected = {(f"copy-{name}", f"p{number:02d}") for number, name in enumerate(CHANGES)}
    assert found == expected


def test_it_says_how_one_lies_over_the_other(pairs):
    by_copy = pairs.set_index("image_a")
    assert abs(by_copy.loc["copy-turned", "turn"]) == pytest.approx(37, abs=3)
    assert 1 / by_copy.loc["copy-zoomed", "zoom"] == pytest.approx(1.3, abs=0.05)
    assert by_copy.index[by_copy["mirrored"]].tolist() in (
        ["copy-mirrored", "copy-upside-down"],
        ["copy-upside-down", "copy-mirrored"],
    )
    assert pairs["agreeing"].is_monotonic_decreasing


def test_equal_seeds_find_equal_pairs(store, pairs):
    pd.testing.assert_frame_equal(find(store), pairs)


def test_the_order_of_the_images_means_nothing(store, pairs):
    names = store.index["image_id"].tolist()[::-1]
    lesions = {name: f"lesion of {name}" for name in names}
    found = find_pairs(store, lesions, PARAMS, np.random.default_rng(0))
    pd.testing.assert_frame_equal(found, pairs)


def test_two_sets_are_compared_with_each_other_alone(store):
    names = store.index["image_id"].tolist()
    first = [name for name in names if name.startswith("p")]
    second = [name for name in names if not name.startswith("p")]
    pairs = find_pairs_between(
        stored_features(store, first[:3]),
        stored_features(store, first[3:] + second),
        PARAMS,
        np.random.default_rng(0),
    )
    found = set(zip(pairs["image_a"], pairs["image_b"], strict=True))
    assert found == {("p00", "copy-same"), ("p01", "copy-turned"), ("p02", "copy-zoomed")}
    none, some = stored_features(store, []), stored_features(store, second)
    empty = find_pairs_between(none, some, PARAMS, np.random.default_rng(0))
    assert list(empty.columns) == list(pairs.columns)
    assert empty.empty


def test_no_candidates_no_pairs(store):
    assert len(find(store, PARAMS.model_copy(update={"candidates": 0}))) == 0


def test_pictures_without_features_are_no_pair(make_features):
    assert len(find(make_features({name: blank() for name in "abc"}))) == 0
