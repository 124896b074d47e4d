"""Which pictures are compared, and that each keeps its own features."""

import numpy as np
import pytest

from data.duplicates.drawn import WIDTH, blank, draw
from dermaflow.data.duplicates.describe import describe_pixels
from dermaflow.data.duplicates.picture_features import (
    Pictures,
    detected_features,
    stored_features,
)

COUNT = 40
DRAWN = {"a": draw(0), "blank": blank(), "b": draw(1), "c": draw(2)}


@pytest.fixture(scope="module")
def features(make_features):
    return make_features(DRAWN, COUNT)


@pytest.fixture(scope="module")
def pictures(features):
    """Two sets."""
    return Pictures([stored_features(features, ids) for ids in (["c", "blank"], ["a"])], [None] * 3)


def equal(first, second):
    for name in ("points", "sizes", "angles", "descriptors"):
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))
    return True


def test_a_picture_of_one_set_is_compared_with_all_but_itself(features):
    pictures = Pictures([stored_features(features, ["c", "a", "b"])], [None] * 3)
    assert pictures.names == ["a", "b", "c"]
    everything = np.arange(3)
    for picture in range(3):
        others = everything[pictures.others(picture, everything)]
        assert others.tolist() == [other for other in range(3) if other != picture]


def test_a_picture_of_two_sets_is_compared_with_the_other_set_alone(pictures):
    assert pictures.names == ["blank", "c", "a"]
    everything = np.arange(3)
    others = [everything[pictures.others(picture, everything)].tolist() for picture in range(3)]
    assert others == [[2], [2], [0, 1]]


def test_each_picture_keeps_its_own_features(pictures):
    assert len(pictures) == 3
    for place, name in enumerate(["blank", "c", "a"]):
        assert equal(pictures[place], describe_pixels(DRAWN[name], WIDTH, COUNT))
    assert pictures.counts.tolist() == [len(pictures[place]) for place in range(3)]
    assert pictures.side == WIDTH
    with pytest.raises(IndexError):
        pictures[3]


def test_pictures_without_a_file_have_the_features_that_ingest_would_have_found(
    features, make_store
):
    """At the size and of the number that the stored ones have."""
    detected = detected_features(make_store(DRAWN), ["c", "a", "blank"], features)
    stored = stored_features(features, ["a", "blank", "c"])
    assert detected.names == stored.names
    assert detected.side == stored.side
    assert all(equal(detected[place], stored[place]) for place in range(3))
    assert len(detected_features(make_store(DRAWN), [], features).names) == 0


def test_a_picture_without_stored_features_is_an_error(features):
    with pytest.raises(KeyError, match="unknown"):
        stored_features(features, ["a", "unknown"])


def test_a_sample_of_all_holds_each_feature_once_and_some_in_a_mirror(pictures):
    sample = pictures.sample(10**6, np.random.default_rng(0))
    plain = [pictures[place].descriptors for place in (1, 2)]
    mirrored = [pictures[place].mirrored().descriptors for place in (1, 2)]
    expected = [
        np.where(np.arange(len(one))[:, None] % 2, other, one)
        for one, other in zip(plain, mirrored, strict=True)
    ]
    np.testing.assert_array_equal(sample, np.concatenate(expected))


def test_a_sample_has_the_size_asked_for_and_follows_the_seed(pictures):
    samples = [pictures.sample(9, np.random.default_rng(seed)) for seed in (0, 0, 1)]
    assert [sample.shape for sample in samples] == [(9, 128)] * 3
    np.testing.assert_array_equal(samples[0], samples[1])
    assert (samples[0] != samples[2]).any()
