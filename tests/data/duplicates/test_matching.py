"""Features match that are each other's nearest, by far."""

import numpy as np

from dermaflow.data.duplicates.keypoints import LENGTH, TURN, Keypoints
from dermaflow.data.duplicates.matching import match


def features(count=20, seed=0):
    """Features in random places, no two of them alike."""
    rng = np.random.default_rng(seed)
    return Keypoints(
        rng.integers(0, 5000, (count, 2)),
        rng.integers(32, 400, count),
        rng.integers(0, TURN, count),
        rng.integers(0, 60, (count, LENGTH)).astype(np.uint8),
    )


def changed(keypoints, **values):
    names = ("points", "sizes", "angles", "descriptors")
    return Keypoints(**{name: values.get(name, getattr(keypoints, name)) for name in names})


def test_each_feature_finds_its_like_and_how_it_is_turned_and_scaled():
    first = features()
    order = np.random.default_rng(1).permutation(20)
    second = changed(
        first,
        points=first.points[order] + 7,
        sizes=first.sizes[order] * 2,
        angles=(first.angles[order] + 250) % TURN,
        descriptors=first.descriptors[order],
    )
    matches = match(first, second)
    assert len(matches) == 20
    np.testing.assert_array_equal(matches.second, matches.first + 7)
    assert set(matches.turns) == {250}
    assert set(matches.growths) == {2.0}


def test_the_most_distinct_comes_first():
    first = features()
    descriptors = first.descriptors.copy()
    descriptors[:, :40] += 1  # all are off by a little, and one is not
    descriptors[13] = first.descriptors[13]
    matches = match(first, changed(first, descriptors=descriptors))
    np.testing.assert_array_equal(matches.first[0], first.points[13])


def test_a_feature_that_occurs_twice_matches_neither():
    first = features()
    doubled = Keypoints(
        *(
            np.concatenate([values, values])
            for values in (first.points, first.sizes, first.angles, first.descriptors)
        )
    )
    assert len(match(first, doubled)) == 0


def test_features_of_noise_match_by_chance_at_most():
    assert len(match(features(100), features(100, seed=1))) < 4
