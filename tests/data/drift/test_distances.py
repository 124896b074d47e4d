"""Distances have the values that theory gives, and p-values mean what they say."""

import numpy as np
import pytest
from scipy.stats import energy_distance, wasserstein_distance

from dermaflow.data.drift.distances import compare_categories, compare_numbers, compare_samples

WIDTH = 2.0


def generator(seed=0):
    return np.random.default_rng(seed)


def categories(reference, batch, permutations=99, seed=0):
    counts = (np.array(reference), np.array(batch))
    return compare_categories(*counts, permutations, generator(seed))


def numbers(reference, batch, permutations=99, seed=0):
    counts = (np.array(reference), np.array(batch))
    return compare_numbers(*counts, WIDTH, permutations, generator(seed))


@pytest.mark.parametrize(
    ("reference", "batch", "distance"),
    [
        ([3, 5, 2], [30, 50, 20], 0),
        ([7, 0], [0, 9], 1),
        ([4, 4], [6, 0], 0.5579),  # entropy of (3/4, 1/4) less half a bit, and the root of that
    ],
)
def test_categories_are_apart_by_the_jensen_shannon_distance(reference, batch, distance):
    assert categories(reference, batch).value == pytest.approx(distance, abs=1e-4)


def test_numbers_are_apart_by_the_wasserstein_distance_in_standard_deviations():
    reference, batch = generator(1).integers(0, 9, (2, 20))
    places = np.arange(20) * WIDTH
    spread = np.std(np.repeat(places, reference))
    expected = wasserstein_distance(places, places, reference, batch) / spread
    assert numbers(reference, batch).value == pytest.approx(expected)


def test_numbers_that_are_all_alike_have_a_distance_too():
    """In widths of a bin, since there is no spread to measure by."""
    assert numbers([0, 8, 0, 0], [0, 0, 0, 8]).value == pytest.approx(2)


def test_vectors_are_apart_by_the_energy_distance():
    reference, batch = generator(2).normal(0, 1, 50), generator(3).normal(0.7, 2, 40)
    across = np.abs(reference[:, None] - batch).mean()
    expected = energy_distance(reference, batch) / np.sqrt(2 * across)
    found = compare_samples(reference[:, None], batch[:, None], 99, generator())
    assert found.value == pytest.approx(expected)


def test_vectors_far_apart_reach_the_end_of_the_scale():
    far = compare_samples(np.zeros((20, 3)), np.full((20, 3), 5.0), 99, generator())
    assert (far.value, far.p_value) == (pytest.approx(1), 0.01)
    same = compare_samples(np.ones((20, 3)), np.ones((5, 3)), 99, generator())
    assert (same.value, same.p_value) == (0, 1)


def share_below(limit, compare, size, repeats=300):
    p_values = []
    for repeat in range(repeats):
        rng = generator([repeat, size])
        p_values.append(compare(rng, 200, size).p_value)
    return np.mean(np.array(p_values) <= limit)


def draw_categories(rng, many, few):
    shares = [0.6, 0.3, 0.1]
    counts = (rng.multinomial(size, shares) for size in (many, few))
    return compare_categories(*counts, 99, rng)


def draw_numbers(rng, many, few):
    counts = (
        np.histogram(rng.normal(0, 1, size), 60, (-4, 4))[0].astype(np.int64)
        for size in (many, few)
    )
    return compare_numbers(*counts, 8 / 60, 99, rng)


def draw_vectors(rng, many, few):
    vectors = (rng.normal(0, 1, (min(size, 60), 4)) for size in (many, few))
    return compare_samples(*vectors, 99, rng)


@pytest.mark.parametrize("size", [8, 60])
@pytest.mark.parametrize("draw", [draw_categories, draw_numbers, draw_vectors])
def test_without_drift_a_tenth_of_p_values_is_below_a_tenth(draw, size):
    """300 repeats: within three standard errors; few categories tie, so there may be fewer."""
    share = share_below(0.1, draw, size)
    assert share <= 0.1 + 3 * np.sqrt(0.1 * 0.9 / 300)
    if draw is not draw_categories:
        assert share >= 0.1 - 3 * np.sqrt(0.1 * 0.9 / 300)


def test_small_batches_are_far_by_chance_and_said_to_be():
    few, many = (categories([600, 300, 100], batch) for batch in ([7, 2, 1], [700, 200, 100]))
    assert few.value == pytest.approx(many.value, abs=1e-9)
    assert few.expected_by_chance > 0.8 * few.value
    assert few.p_value > 0.5
    assert many.expected_by_chance < 0.3 * many.value
    assert many.p_value == 0.01  # the least of 99 deals


@pytest.mark.parametrize("compare", [categories, numbers])
@pytest.mark.parametrize("counts", [([0, 0], [3, 4]), ([3, 4], [0, 0])])
def test_of_nothing_nothing_is_said(compare, counts):
    found = compare(*counts)
    assert np.isnan([found.value, found.expected_by_chance, found.p_value]).all()


def test_equal_seeds_give_equal_distances():
    assert categories([5, 9], [8, 2], seed=4) == categories([5, 9], [8, 2], seed=4)
