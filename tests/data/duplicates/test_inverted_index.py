"""Pictures score by the features that they share, if these are turned and scaled alike."""

import numpy as np
import pytest

from dermaflow.data.duplicates.inverted_index import InvertedIndex
from dermaflow.data.duplicates.keypoints import LENGTH, TURN, Keypoints
from dermaflow.data.duplicates.vocabulary import learn_vocabulary

PICTURES, FEATURES = 30, 40


def features(seed):
    rng = np.random.default_rng(seed)
    return Keypoints(
        rng.integers(0, 5000, (FEATURES, 2)),
        rng.integers(40, 120, FEATURES),
        rng.integers(0, TURN, FEATURES),
        rng.integers(0, 60, (FEATURES, LENGTH)).astype(np.uint8),
    )


@pytest.fixture(scope="module")
def pictures():
    return [features(seed) for seed in range(PICTURES)]


@pytest.fixture(scope="module")
def index(pictures):
    sample = np.concatenate([keypoints.descriptors for keypoints in pictures])
    made = InvertedIndex(learn_vocabulary(sample, 8, np.random.default_rng(0)), PICTURES)
    for keypoints in pictures:
        made.add(keypoints, made.describe(keypoints))
    made.finish()
    return made


def score(index, keypoints):
    pictures, scores = index.score(keypoints)
    assert np.all(np.diff(pictures) > 0)
    return dict(zip(pictures.tolist(), scores.tolist(), strict=True))


def test_a_picture_shares_all_its_features_with_itself_and_hardly_any_with_others(index, pictures):
    scores = score(index, pictures[4])
    # A feature with no bit off counts 19; those near to a border of a bin are in it either way.
    assert scores.pop(4) >= 19 * FEATURES
    assert max(scores.values(), default=0) < 19 * FEATURES / 5


@pytest.mark.parametrize(("turn", "growth"), [(90, 1), (5, 2), (200, 0.5), (16, 1.4)])
def test_features_may_be_turned_and_scaled_together(index, pictures, turn, growth):
    first = pictures[4]
    moved = Keypoints(
        first.points,
        np.rint(first.sizes * growth).astype(np.int64),
        (first.angles + turn) % TURN,
        first.descriptors,
    )
    assert score(index, moved)[4] >= 19 * FEATURES * 0.7


def test_features_that_are_turned_each_by_its_own_angle_hardly_count(index, pictures):
    first = pictures[4]
    angles = np.random.default_rng(9).integers(0, TURN, FEATURES)
    mixed = Keypoints(first.points, first.sizes, angles, first.descriptors)
    assert score(index, mixed)[4] < 19 * FEATURES / 2


def test_what_has_no_features_shares_none(index):
    nothing = Keypoints(
        *(np.zeros(shape, np.int64) for shape in ((0, 2), 0, 0)), np.zeros((0, LENGTH), np.uint8)
    )
    assert score(index, nothing) == {}
