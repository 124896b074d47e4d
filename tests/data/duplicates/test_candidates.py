"""Pairs worth a closer look: each once, of different pictures, and with its mirror image."""

import numpy as np
import pytest

from conf_params import params_of
from data.duplicates.drawn import blank, draw, mirror, turn
from dermaflow.data.duplicates.candidates import find_candidates
from dermaflow.data.duplicates.picture_features import Pictures, stored_features

# Two pictures, a turned copy of the first and a mirror image of the second, and one of nothing.
PICTURES = {
    "one": draw(0),
    "two": draw(1),
    "turned one": turn(draw(0), 30),
    "blank": blank(),
    "mirrored two": mirror(draw(1)),
} | {f"other {number}": draw(number) for number in range(2, 14)}
NAMES = list(PICTURES)


@pytest.fixture(scope="module")
def store(make_features):
    return make_features(PICTURES, 100)


@pytest.fixture(scope="module")
def find(store):
    """Find the candidates of sets of ids."""

    def find_among(*sets, candidates=1, seed=0):
        chosen = [stored_features(store, ids) for ids in sets]
        pictures = Pictures(chosen, [None] * sum(map(len, sets)))
        params = params_of("duplicates", {"candidates": candidates, "words": 32})
        found = find_candidates(pictures, params, np.random.default_rng(seed))
        return pictures.names, found

    return find_among


def named(found):
    """Candidates by the ids of their pictures."""
    names, candidates = found
    return {(names[a], names[b], mirrored) for a, b, mirrored in candidates}


def test_a_copy_is_the_first_candidate_and_a_mirror_image_is_in_the_mirror(find):
    found = named(find(NAMES))
    assert ("one", "turned one", False) in found
    assert ("mirrored two", "two", True) in found


def test_each_pair_is_there_once_in_order_and_never_a_picture_with_itself(find):
    names, found = find(NAMES, candidates=3)
    assert names == sorted(NAMES)
    assert found == sorted(set(found))
    assert all(first < second for first, second, _ in found)
    # Every picture names up to three others as it is, and up to three in the mirror.
    assert len(found) <= 2 * 3 * len(NAMES)
    assert not any(names[place] == "blank" for a, b, _ in found for place in (a, b))


def test_pictures_that_share_nothing_are_no_candidates_however_many_are_asked_for(find):
    names, found = find(NAMES, candidates=200)
    assert named(find(NAMES)) <= named((names, found))
    assert len(found) < len(NAMES) * (len(NAMES) - 1)


def test_of_two_sets_no_pair_lies_within_one(find):
    others = ["other 2", "turned one", "mirrored two"]
    found = named(find(["one", "two"], others, candidates=200))
    assert all(a in ("one", "two") and b in others for a, b, _ in found)
    nearest = named(find(["one", "two"], others))
    assert ("one", "turned one", False) in nearest
    assert ("two", "mirrored two", True) in nearest


def test_equal_seeds_find_equal_candidates(find):
    assert find(NAMES, seed=3) == find(NAMES, seed=3)


def test_the_order_of_the_pictures_means_nothing(find):
    assert find(NAMES[::-1], candidates=3) == find(NAMES, candidates=3)
