"""Wilson and MOVER intervals: known values, honesty at the ends, agreement with the bootstrap."""

import numpy as np
import pytest
from scipy.stats import binomtest

from dermaflow.ml.evaluation.bootstrap import percentile_intervals
from dermaflow.ml.evaluation.estimate import Estimate
from dermaflow.ml.evaluation.proportion_intervals import (
    estimate_share,
    mean_interval,
    wilson_interval,
)


@pytest.mark.parametrize(("hits", "groups"), [(0, 10), (5, 10), (15, 15), (2, 2), (731, 1105)])
@pytest.mark.parametrize("confidence", [0.9, 0.95])
def test_the_interval_of_a_whole_number_of_hits_is_scipys(hits, groups, confidence):
    oracle = binomtest(hits, groups).proportion_ci(confidence, method="wilson")
    assert wilson_interval(hits / groups, groups, confidence) == pytest.approx(tuple(oracle))


def test_known_values():
    assert wilson_interval(1, 15, 0.95) == (pytest.approx(0.796, abs=5e-4), 1)
    assert wilson_interval(1, 2, 0.95) == (pytest.approx(0.342, abs=5e-4), 1)
    # Agresti and Coull 1998: 0 of 10 gives [0, 0.278].
    assert wilson_interval(0, 10, 0.95) == (0, pytest.approx(0.278, abs=5e-4))


@pytest.mark.parametrize("groups", [1, 2, 3, 7, 49, 1000])
def test_ends_are_shares_around_the_share_and_apart(groups):
    """Rounding must not carry an end beyond 1, where whoever checks a figure would refuse it."""
    for share in np.linspace(0, 1, 301):
        low, high = wilson_interval(float(share), groups, 0.95)
        assert 0 <= low <= share <= high <= 1
        assert high - low > 1e-3


def test_a_share_of_images_is_as_sure_as_its_lesions_are_many():
    """Five images each of three lesions: the share is the images', the count the lesions'."""
    hits = np.array([True] * 12 + [False] * 3)
    groups = np.repeat(["a", "b", "c"], 5)
    found = estimate_share(hits, groups, 0.95, least=3)
    assert found == Estimate(0.8, *wilson_interval(0.8, 3, 0.95), groups=3)
    assert estimate_share(hits, groups, 0.95, least=4).groups_needed == 4


def test_a_mean_of_perfect_shares_begins_below_1():
    """Closed form: the distances of the shares' own lower ends, n / (n + z^2) for n of n."""
    low, high = mean_interval([(1.0, 2), (1.0, 15), (1.0, 300)], 0.95)
    distances = np.array([1 - n / (n + 1.959964**2) for n in (2, 15, 300)])
    assert high == 1
    assert low == pytest.approx(1 - np.sqrt((distances**2).sum()) / 3, abs=1e-6)
    assert low < 0.78
    # The other end likewise; and a mean of one share has that share's interval.
    assert mean_interval([(0.0, 2), (0.0, 15), (0.0, 300)], 0.95) == pytest.approx((0, 1 - low))
    assert mean_interval([(0.3, 40)], 0.9) == pytest.approx(wilson_interval(0.3, 40, 0.9))


def simulate(rng, truths, sizes):
    """Classes of lesions of two images, which are answered alike: whether right, class, lesion."""
    lesions = np.repeat(np.arange(sum(sizes)), 2)
    right = np.concatenate([rng.random(n) < p for p, n in zip(truths, sizes, strict=True)])
    return right[lesions], np.repeat(np.arange(len(sizes)), sizes)[lesions], lesions.astype(str)


def test_in_the_middle_a_mean_has_the_interval_of_the_lesion_bootstrap():
    rng = np.random.default_rng(0)
    sizes, widths, middles = (60, 90, 200), [], []
    for _ in range(5):
        right, member, lesions = simulate(rng, (0.6, 0.7, 0.5), sizes)

        def mean(weights, right=right, member=member):
            sides = [weights * (member == number) for number in range(len(sizes))]
            recalls = [side @ right / side.sum(1) for side in sides]
            return {"mean": np.mean(recalls, axis=0)}

        low, high = percentile_intervals(mean, lesions, 1000, 0.95, rng, shown=False)["mean"]
        shares = [(float(right[member == n].mean()), size) for n, size in enumerate(sizes)]
        mover = mean_interval(shares, 0.95)
        widths.append((mover[1] - mover[0]) / (high - low))
        middles.append((sum(mover) - low - high) / 2)
    assert np.mean(widths) == pytest.approx(1, abs=0.1)
    assert np.abs(middles).max() < 0.015


@pytest.mark.parametrize(
    ("truths", "sizes"), [((0.95, 0.9, 0.9), (2, 15, 60)), ((0.7, 0.6, 0.8), (15, 30, 60))]
)
def test_a_mean_holds_the_truth_most_times_and_its_lower_end_as_often_as_it_says(truths, sizes):
    """Also where most small classes come out perfect, where a bootstrap holds it in 83 of 100."""
    rng = np.random.default_rng(1)
    held = below = 0
    for _ in range(400):
        shares = [(rng.binomial(n, p) / n, n) for p, n in zip(truths, sizes, strict=True)]
        low, high = mean_interval(shares, 0.95)
        held += low <= np.mean(truths) <= high
        below += low <= np.mean(truths)
    assert held / 400 > 0.9
    assert below / 400 > 0.97
