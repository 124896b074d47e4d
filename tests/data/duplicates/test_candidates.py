"""Pairs worth a closer look: each once, of different pictures, and with its mirror image."""

from itertools import combinations

import numpy as np
import pytest

from conf_params import params_of
from data.duplicates.drawn import blank, draw, mirror, turn
from dermaflow.data.duplicates.candidates import find_candidates
from dermaflow.data.duplicates.picture_features import Features, Pictures

# Two pictures, a turned copy of the first and a mirror image of the second, and one of nothing.
PICTURES = {
    "one": draw(0),
    "two": draw(1),
    "turned one": turn(draw(0), 30),
    "blank": blank(),
    "mirrored two": mirror(draw(1)),
} | {f"other {number}": draw(number) for number in range(2, 14)}
NAMES = list(PICTURES)
ONE, TWO, TURNED, _, MIRRORED = range(5)


@pytest.fixture(scope="module")
def store(make_store):
    return make_store(PICTURES)


@pytest.fixture(scope="module")
def find(store):
    """Find the candidates of sets of ids."""

    def find_among(*sets, candidates=1, seed=0):
        pictures = Pictures([(store, ids) for ids in sets], [None] * sum(map(len, sets)))
        features = Features(len(pictures.names), 100)
        features.fill(pictures)
        params = params_of("duplicates", {"candidates": candidates, "words": 32})
        return find_candidates(features, pictures, params, np.random.default_rng(seed))

    return find_among


def test_a_copy_is_the_first_candidate_and_a_mirror_image_is_in_the_mirror(find):
    found = find(NAMES)
    assert (ONE, TURNED, False) in found
    assert (TWO, MIRRORED, True) in found
    plain, mirrored = ({pair[:2] for pair in found if pair[2] == side} for side in (False, True))
    assert plain != mirrored


def test_each_pair_is_there_once_in_order_and_never_a_picture_with_itself(find):
    found = find(NAMES, candidates=3)
    assert found == sorted(set(found))
    assert all(first < second for first, second, _ in found)
    # Every picture names three others as it is, and three in the mirror.
    for mirrored in (False, True):
        named = [{a, b} for a, b, is_mirrored in found if is_mirrored == mirrored]
        assert all(sum(place in pair for pair in named) >= 3 for place in range(len(NAMES)))


def test_more_candidates_than_others_are_all_the_others(find):
    found = find(NAMES, candidates=200)
    pairs = set(combinations(range(len(NAMES)), 2))
    assert {(a, b) for a, b, mirrored in found if not mirrored} == pairs
    assert {(a, b) for a, b, mirrored in found if mirrored} == pairs


def test_of_two_sets_no_pair_lies_within_one(find):
    found = find(["one", "two"], ["other 2", "turned one", "mirrored two"], candidates=200)
    pairs = {(a, b) for a in (0, 1) for b in (2, 3, 4)}
    assert {(a, b) for a, b, _ in found} == pairs
    nearest = find(["one", "two"], ["other 2", "turned one", "mirrored two"])
    assert (0, 3, False) in nearest
    assert (1, 4, True) in nearest


def test_equal_seeds_find_equal_candidates(find):
    assert find(NAMES, seed=3) == find(NAMES, seed=3)
