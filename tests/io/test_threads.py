"""Threads work at the same time, in order and without piling up."""

import threading
import time

import pytest

from dermaflow.io.threads import map_in_threads


@pytest.mark.parametrize("block", [1, 3, 50, 80])
def test_results_keep_the_order_of_the_items(block):
    def slow_first(item):
        time.sleep(0.02 if item % 5 == 0 else 0)
        return item

    assert list(map_in_threads(slow_first, range(50), 4, block)) == list(range(50))


def test_items_run_at_the_same_time():
    barrier = threading.Barrier(3, timeout=20)
    assert len(list(map_in_threads(lambda _: barrier.wait(), range(3), workers=3))) == 3


@pytest.mark.parametrize("block", [1, 5])
def test_few_items_are_consumed_ahead(block):
    taken = []

    def items():
        for item in range(1000):
            taken.append(item)
            yield item

    results = map_in_threads(lambda item: item, items(), 2, block)
    for _ in range(10):
        next(results)
    assert len(taken) <= 10 + max(2 * 2 * block, 4 * 2) + block
    results.close()


def test_an_error_ends_the_stream_at_its_place():
    def fail_at_three(item):
        if item == 3:
            raise RuntimeError("three")
        return item

    results = map_in_threads(fail_at_three, range(100), workers=2)
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(RuntimeError, match="three"):
        next(results)
