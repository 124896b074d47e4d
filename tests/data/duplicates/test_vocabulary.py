"""Cells and signatures: in closed form, and alike for features that are alike."""

import numpy as np
import pytest

from data.duplicates.drawn import draw, turn
from dermaflow.data.duplicates.keypoints import LENGTH, detect
from dermaflow.data.duplicates.vocabulary import BITS, Vocabulary, learn_vocabulary

HALF = LENGTH // 2


@pytest.fixture
def plain():
    """Three first halves and two second ones, and planes that look at one number each."""
    first = np.zeros((3, HALF), np.float32)
    first[1, 0] = first[2, 1] = 100
    second = np.zeros((2, HALF), np.float32)
    second[1, 5] = 80
    planes = np.eye(LENGTH, BITS, dtype=np.float32)
    return Vocabulary((first, second), planes)


def descriptor(**places):
    values = np.zeros((1, LENGTH), np.uint8)
    for place, value in places.items():
        values[0, int(place[1:])] = value
    return values


@pytest.mark.parametrize(
    ("places", "cell"),
    [({}, 0), ({"_0": 90}, 2), ({"_1": 90, "_69": 70}, 5), ({"_0": 50}, 0), ({"_0": 51}, 2)],
)
def test_the_nearest_words_name_the_cell_and_the_first_of_equals_is_taken(plain, places, cell):
    [(cells, _)] = plain.look_up(descriptor(**places), 1)
    assert cells.tolist() == [cell]
    assert plain.cells == 6


def test_more_words_are_tried_the_nearest_first(plain):
    tries = plain.look_up(descriptor(_0=60, _1=45, _69=70), 2)
    assert [int(cells[0]) for cells, _ in tries] == [3, 2, 1, 0]


def test_a_signature_tells_on_which_sides_of_the_cells_planes_a_feature_lies(plain):
    [(_, signatures)] = plain.look_up(descriptor(_0=101, _1=3), 1)
    bits = np.unpackbits(signatures.view(np.uint8))
    assert np.flatnonzero(bits).tolist() == [0, 1]  # 101 is beyond the word's 100, and 3 beyond 0
    [(_, signatures)] = plain.look_up(descriptor(_0=99, _1=3), 1)
    assert np.flatnonzero(np.unpackbits(signatures.view(np.uint8))).tolist() == [1]


def test_features_of_a_turned_copy_differ_in_few_bits():
    keypoints, copies = detect(draw(3), 100), detect(turn(draw(3), 20), 100)
    vocabulary = learn_vocabulary(keypoints.descriptors, 4, np.random.default_rng(0))
    (_, one), (_, other) = (
        Vocabulary(tuple(w[:1] for w in vocabulary.words), vocabulary.planes).look_up(d, 1)[0]
        for d in (keypoints.descriptors, copies.descriptors)
    )
    differing = np.bitwise_count(one[:, None] ^ other[None, :])
    assert np.median(differing.min(axis=1)) < 10
    assert np.median(differing) > 20


def test_words_are_centres_of_what_is_nearest_to_them():
    rng = np.random.default_rng(0)
    centres = rng.integers(40, 200, (4, LENGTH))
    values = centres[rng.integers(0, 4, 4000)] + rng.integers(-9, 10, (4000, LENGTH))
    vocabulary = learn_vocabulary(values.astype(np.uint8), 32, np.random.default_rng(1))
    for half, words in zip((slice(0, HALF), slice(HALF, LENGTH)), vocabulary.words, strict=True):
        assert words.shape == (32, HALF)
        np.testing.assert_array_equal(words, np.rint(words))
        apart = np.abs(words[:, None] - centres[None, :, half]).max(axis=2).min(axis=1)
        assert np.median(apart) <= 10


def test_the_seed_decides_the_words_and_too_few_features_are_the_words():
    descriptors = detect(draw(1), 60).descriptors
    learnt = [learn_vocabulary(descriptors, 8, np.random.default_rng(s)) for s in (0, 0, 1)]
    np.testing.assert_array_equal(learnt[0].words[0], learnt[1].words[0])
    assert (learnt[0].words[0] != learnt[2].words[0]).any()
    few = learn_vocabulary(descriptors[:5], 64, np.random.default_rng(0))
    assert few.cells == 25
