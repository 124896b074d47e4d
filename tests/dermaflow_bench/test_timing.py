"""Pairs of timings, by a clock that only the timed work moves."""

import pytest

from dermaflow_bench.timing import Pairs, median_bounds, time_pairs, timed


class Clock:
    """Stands in for the module ``time``."""

    def __init__(self):
        self._now = 100.0

    def perf_counter(self):
        return self._now

    def work(self, seconds):
        """A piece of work that takes so long."""

        def work():
            self._now += seconds

        return work


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr("dermaflow_bench.timing.time", clock)
    return clock


def test_both_are_warmed_up_then_timed_in_turns_with_changing_order():
    done = []
    time_pairs(lambda: done.append("a"), lambda: done.append("b"), pairs=4, seconds=60)
    assert "".join(done) == "ab" + "ab" + "ba" + "ab" + "ba"


def test_the_ratio_is_the_first_times_over_the_seconds(clock):
    found = time_pairs(clock.work(6), clock.work(2), pairs=3, seconds=60)
    assert (found.first, found.second) == ((6, 6, 6), (2, 2, 2))
    assert found.ratios == [3, 3, 3]


def test_drift_from_run_to_run_cancels_between_neighbouring_pairs(clock):
    """Work that takes 1, 2, 3, … seconds: equal work must not look different for coming second."""
    runs = iter(range(1, 100))

    def slower_and_slower():
        clock.work(next(runs))()

    found = time_pairs(slower_and_slower, slower_and_slower, pairs=2, seconds=60)
    assert (found.first, found.second) == ((3, 6), (4, 5))


@pytest.mark.parametrize(("seconds", "pairs"), [(0.5, 1), (7.5, 2), (8.5, 3), (60, 5)])
def test_no_further_pair_is_begun_after_the_time_but_there_is_always_one(clock, seconds, pairs):
    """A pair takes four seconds, and what warms up does not count."""
    found = time_pairs(clock.work(3), clock.work(1), pairs=5, seconds=seconds)
    assert len(found.ratios) == pairs


@pytest.mark.parametrize(
    ("count", "rank"),
    # The greatest rank k for which at most 2.5 % of n coins' outcomes have fewer than k heads.
    [(1, 1), (5, 1), (6, 1), (8, 1), (9, 2), (12, 3), (20, 6), (30, 10)],
)
def test_bounds_of_the_median_are_the_ranks_of_the_sign_test(count, rank):
    values = [float(number) for number in range(count, 0, -1)]
    assert median_bounds(values) == (rank, count + 1 - rank)


def test_lines_give_the_median_and_its_bounds():
    found = Pairs(first=(1.0, 3.0, 8.0), second=(2.0, 2.0, 2.0))
    assert found.lines("x_ratio") == ["x_ratio: 1.500", "x_ratio_low: 0.500", "x_ratio_high: 4.000"]


def test_timed_measures_wall_clock_seconds(clock):
    assert timed(clock.work(0.5)) == 0.5
