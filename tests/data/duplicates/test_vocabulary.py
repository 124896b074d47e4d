"""A vector a picture: in closed form, and near that of a copy."""

import numpy as np
import pytest

from data.duplicates.drawn import draw, turn
from dermaflow.data.duplicates.keypoints import LENGTH, detect
from dermaflow.data.duplicates.vocabulary import COMPONENTS, Vocabulary, learn_vocabulary


def one_hot(*places):
    """Descriptors whose RootSIFT is 1 in one place."""
    return np.eye(LENGTH, dtype=np.uint8)[list(places)] * 9


@pytest.fixture
def plain():
    """Components that are the first numbers of a descriptor, and words at two of their ends."""
    words = np.zeros((2, COMPONENTS), np.float32)
    words[0, 0] = words[1, 1] = 0.5
    components = np.eye(LENGTH, COMPONENTS, dtype=np.float32)
    return Vocabulary(np.zeros(LENGTH, np.float32), components, words)


def test_each_feature_adds_its_distance_from_the_nearest_word(plain):
    vector = plain.encode(one_hot(0, 0, 1)).reshape(2, COMPONENTS)
    # Both words' sums are brought to unit length, however many features they have; then the whole.
    expected = np.zeros((2, COMPONENTS))
    expected[0, 0] = expected[1, 1] = np.sqrt(0.5)
    np.testing.assert_allclose(vector, expected, atol=1e-6)


def test_a_word_without_a_feature_is_zero_and_the_length_stays(plain):
    vector = plain.encode(one_hot(0)).reshape(2, COMPONENTS)
    assert not vector[1].any()
    assert np.linalg.norm(vector) == pytest.approx(1)
    assert plain.length == vector.size == 2 * COMPONENTS


def test_the_mean_is_taken_off_before(plain):
    moved = Vocabulary(np.full(LENGTH, 0.25, np.float32), plain.components, plain.words)
    # 1 - 0.25 in the first place and -0.25 in all others; the word is at 0.5 in the first.
    expected = np.full(COMPONENTS, -0.25)
    expected[0] = 0.25
    expected /= np.linalg.norm(expected)
    vector = moved.encode(one_hot(0)).reshape(2, COMPONENTS)
    np.testing.assert_allclose(vector[0], expected, atol=1e-6)


def test_a_picture_without_features_is_zero(plain):
    vector = plain.encode(np.zeros((0, LENGTH), np.uint8))
    assert vector.shape == (2 * COMPONENTS,)
    assert not vector.any()


@pytest.fixture(scope="module")
def keypoints():
    return [detect(draw(number), 100) for number in range(8)]


def test_a_vector_has_unit_length_and_is_nearest_to_its_own_picture(keypoints):
    descriptors = np.concatenate([k.descriptors for k in keypoints])
    vocabulary = learn_vocabulary(descriptors, 32, np.random.default_rng(0))
    vectors = np.stack([vocabulary.encode(k.descriptors) for k in keypoints])
    assert vectors.shape == (8, 32 * COMPONENTS)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)
    copies = [detect(turn(draw(number), 20), 100) for number in range(8)]
    likeness = np.stack([vocabulary.encode(k.descriptors) for k in copies]) @ vectors.T
    assert likeness.argmax(axis=1).tolist() == list(range(8))


def test_the_seed_decides_the_words(keypoints):
    descriptors = keypoints[0].descriptors
    words = [
        learn_vocabulary(descriptors, 8, np.random.default_rng(seed)).words for seed in (0, 0, 1)
    ]
    np.testing.assert_array_equal(words[0], words[1])
    assert (words[0] != words[2]).any()


def test_fewer_features_than_words_are_the_words(keypoints):
    few = keypoints[0].descriptors[:5]
    vocabulary = learn_vocabulary(few, 64, np.random.default_rng(0))
    assert vocabulary.words.shape == (5, 5)
    assert vocabulary.length == 25
