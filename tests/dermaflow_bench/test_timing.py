import time

import pytest

from dermaflow_bench.timing import Pairs, median_bounds, time_pairs, timed


def test_both_are_warmed_up_then_timed_in_turns_with_changing_order():
    done = []
    time_pairs(lambda: done.append("a"), lambda: done.append("b"), pairs=4, seconds=60)
    assert "".join(done) == "ab" + "ab" + "ba" + "ab" + "ba"


def test_the_ratio_is_the_first_times_over_the_seconds():
    found = time_pairs(lambda: time.sleep(0.06), lambda: time.sleep(0.02), pairs=3, seconds=60)
    assert len(found.ratios) == 3
    # Sleeping takes at least as long as asked for, and on a busy machine longer.
    assert min(found.first) >= 0.06
    assert min(found.second) >= 0.02
    assert found.ratios == [a / b for a, b in zip(found.first, found.second, strict=True)]


def test_drift_from_run_to_run_cancels_between_neighbouring_pairs():
    """Work that takes 1, 2, 3, … units: equal work must not look different for coming second."""
    clock = iter(range(3, 100))  # two runs warm up

    def slower_and_slower():
        time.sleep(next(clock) / 1000)

    next_run = iter(range(100))
    found = time_pairs(
        lambda: next(next_run) and slower_and_slower(),
        lambda: next(next_run) and slower_and_slower(),
        pairs=2,
        seconds=60,
    )
    before, after = found.ratios
    assert before < 1 < after


def test_no_further_pair_is_begun_after_the_time_but_there_is_always_one():
    found = time_pairs(lambda: time.sleep(0.02), lambda: None, pairs=50, seconds=0.05)
    assert 1 <= len(found.ratios) < 50
    assert len(time_pairs(lambda: time.sleep(0.02), lambda: None, 50, 1e-9).ratios) == 1


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


def test_timed_measures_wall_clock_seconds():
    assert timed(lambda: time.sleep(0.03)) == pytest.approx(0.03, abs=0.02)
