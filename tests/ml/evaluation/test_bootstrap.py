"""Resamples of whole groups, and intervals against what groups must do to them."""

import numpy as np
import pytest

from dermaflow.ml.evaluation.bootstrap import group_resamples, percentile_intervals

IMAGES = 200
RIGHT = np.random.default_rng(3).random(IMAGES) < 0.7
ALONE = np.arange(IMAGES).astype(str)  # each image is a group of its own


def resamples(groups, samples, seed=0):
    return np.concatenate(list(group_resamples(groups, samples, np.random.default_rng(seed))))


def interval(right, groups, confidence=0.95, samples=1000, seed=0):
    """Of the share of right answers."""

    def share(weights):
        return {"share": weights @ right / weights.sum(1)}

    generator = np.random.default_rng(seed)
    return percentile_intervals(share, groups, samples, confidence, generator)["share"]


def test_images_of_a_group_are_drawn_together_and_groups_keep_their_number():
    weights = resamples(np.array(["a", "b", "a", "c", "b", "a"]), 50)
    assert weights.shape == (50, 6)
    assert weights.dtype == np.float64
    assert (weights[:, 0] == weights[:, 2]).all()
    assert (weights[:, 0] == weights[:, 5]).all()
    assert (weights[:, 1] == weights[:, 4]).all()
    assert (weights[:, [0, 1, 3]].sum(1) == 3).all()
    assert len(np.unique(weights, axis=0)) > 5


def test_each_group_is_drawn_once_on_average_whatever_its_size():
    weights = resamples(np.array(["a"] * 9 + ["b", "c"]), 4000)
    np.testing.assert_allclose(weights.mean(0), 1, atol=0.05)


def test_copies_in_one_group_do_not_narrow_the_interval_as_independent_images_do():
    repeated = RIGHT.repeat(9)
    one = np.diff(interval(RIGHT, ALONE))
    grouped = np.diff(interval(repeated, ALONE.repeat(9)))
    free = np.diff(interval(repeated, np.arange(9 * IMAGES).astype(str)))
    assert grouped == pytest.approx(one, rel=0.15)
    assert free == pytest.approx(one / 3, rel=0.15)


@pytest.mark.parametrize(("confidence", "deviations"), [(0.95, 1.96), (0.68, 0.994)])
def test_interval_of_a_share_is_the_binomial_one(confidence, deviations):
    share = RIGHT.mean()
    half = deviations * np.sqrt(share * (1 - share) / IMAGES)
    low, high = interval(RIGHT, ALONE, confidence)
    assert low == pytest.approx(share - half, abs=0.2 * half)
    assert high == pytest.approx(share + half, abs=0.2 * half)


def test_ends_are_percentiles_of_the_resampled_values():
    values = resamples(ALONE, 101, seed=4) @ RIGHT / IMAGES
    expected = np.quantile(values, [0.1, 0.9])
    assert interval(RIGHT, ALONE, 0.8, 101, seed=4) == pytest.approx(tuple(expected))


def test_same_seed_same_interval():
    first, again, other = (interval(RIGHT, ALONE, seed=seed) for seed in (4, 4, 5))
    assert first == again
    assert first != other


def test_chunks_do_not_change_the_resamples(monkeypatch):
    groups = np.arange(30).astype(str)
    whole = resamples(groups, 20, seed=2)
    monkeypatch.setattr("dermaflow.ml.evaluation.bootstrap._CHUNK_WEIGHTS", 90)
    chunks = list(group_resamples(groups, 20, np.random.default_rng(2)))
    assert [len(chunk) for chunk in chunks] == [3] * 6 + [2]
    np.testing.assert_array_equal(np.concatenate(chunks), whole)


def test_more_images_than_a_chunk_holds_are_one_resample_a_chunk(monkeypatch):
    monkeypatch.setattr("dermaflow.ml.evaluation.bootstrap._CHUNK_WEIGHTS", 90)
    chunks = list(group_resamples(ALONE, 3, np.random.default_rng(2)))
    assert [chunk.shape for chunk in chunks] == [(1, IMAGES)] * 3


def test_statistics_undefined_everywhere_get_no_interval():
    def statistic(weights):
        some = np.where(weights[:, 0] > 0, weights[:, 0], np.nan)
        return {"never": np.full(len(weights), np.nan), "sometimes": some}

    groups = np.array(["a", "b", "c"])
    intervals = percentile_intervals(statistic, groups, 40, 0.9, np.random.default_rng(0))
    assert list(intervals) == ["sometimes"]
    assert intervals["sometimes"][0] == 1
    assert percentile_intervals(statistic, groups, 0, 0.9, np.random.default_rng(0)) == {}


@pytest.mark.parametrize(
    "groups", [np.full(8, "one lesion"), np.arange(8).astype(str)], ids=["one", "all right"]
)
def test_where_resamples_do_not_differ_the_interval_is_not_estimable(groups):
    """Of one lesion all resamples are alike; of eight, what is right in all is so in each."""
    right = np.ones(8) if len(set(groups)) > 1 else np.array([1, 1, 0, 1, 0, 0, 0, 1.0])

    def share(weights):
        return {"share": weights @ (right / 3) / weights.sum(1)}

    intervals = percentile_intervals(share, groups, 100, 0.95, np.random.default_rng(0))
    assert intervals == {"share": None}
