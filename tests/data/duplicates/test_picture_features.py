"""Which pictures are compared, and that each keeps its own features."""

import numpy as np
import pytest

from data.duplicates.drawn import blank, draw
from dermaflow.data.duplicates.keypoints import Keypoints, detect
from dermaflow.data.duplicates.picture_features import Features, Pictures
from dermaflow.data.images.image_store import ImageBatch, ImageStore, StoredImage, write_image_store

COUNT = 40


@pytest.fixture(scope="module")
def store(make_store):
    return make_store({"a": draw(0), "blank": blank(), "b": draw(1), "c": draw(2)})


@pytest.fixture(scope="module")
def pictures(store):
    """Two sets of one store, in another order than the store's."""
    return Pictures([(store, ["c", "blank"]), (store, ["a"])], [None] * 3)


@pytest.fixture(scope="module")
def features(pictures):
    features = Features(3, COUNT)
    features.fill(pictures)
    return features


def test_a_picture_of_one_set_is_compared_with_all_but_itself(store):
    pictures = Pictures([(store, ["a", "b", "c"])], [None] * 3)
    assert pictures.names == ["a", "b", "c"]
    for picture in range(3):
        left = np.delete(np.arange(3), pictures.without(picture))
        assert left.tolist() == [other for other in range(3) if other != picture]


def test_a_picture_of_two_sets_is_compared_with_the_other_set_alone(pictures):
    assert pictures.names == ["c", "blank", "a"]
    left = [np.delete(np.arange(3), pictures.without(picture)).tolist() for picture in range(3)]
    assert left == [[2], [2], [0, 1]]


def test_the_longer_side_is_that_of_either_set(store, tmp_path):
    tall = [StoredImage("t", np.zeros((300, 20, 3), np.uint8))]
    write_image_store(tmp_path / "tall", ImageBatch(tall, (300, 20, 3)))
    assert Pictures([(store, ["a"])], [None]).side == 160
    both = [(store, ["a"]), (ImageStore(tmp_path / "tall"), ["t"])]
    assert Pictures(both, [None] * 2).side == 300


def test_each_picture_keeps_its_own_features_in_the_order_of_the_sets(features, store):
    assert len(features) == 3
    for place, name in enumerate(["c", "blank", "a"]):
        expected = detect(store.read([name])[0], COUNT)
        np.testing.assert_array_equal(features[place].points, expected.points)
        np.testing.assert_array_equal(features[place].descriptors, expected.descriptors)
    assert features.total == len(features[0]) + len(features[2])
    assert len(features[1]) == 0


def test_what_is_taken_out_may_be_changed(features):
    before = features[0].points.copy()
    features[0].points[:] = 0
    np.testing.assert_array_equal(features[0].points, before)


def test_a_sample_of_all_holds_each_feature_once_and_every_other_in_a_mirror(features):
    sample = features.sample(10**6, np.random.default_rng(0))
    whole = np.concatenate([features[0].descriptors, features[2].descriptors])
    mirrored = Keypoints(np.zeros((len(whole), 2), np.float32), whole).mirrored().descriptors
    np.testing.assert_array_equal(sample[::2], whole[::2])
    np.testing.assert_array_equal(sample[1::2], mirrored[1::2])


def test_a_sample_has_the_size_asked_for_and_follows_the_seed(features):
    samples = [features.sample(9, np.random.default_rng(seed)) for seed in (0, 0, 1)]
    assert [sample.shape for sample in samples] == [(9, 128)] * 3
    np.testing.assert_array_equal(samples[0], samples[1])
    assert (samples[0] != samples[2]).any()
