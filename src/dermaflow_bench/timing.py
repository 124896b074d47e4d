"""Two pieces of work, timed in turns, so that a busy machine slows both alike."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isnan
from statistics import median

import torch
from scipy.stats import quantile_test

Work = Callable[[], object]


@dataclass(frozen=True)
class Pairs:
    """Seconds of each run, those of one pair at the same place of both."""

    first: tuple[float, ...]
    second: tuple[float, ...]

    @property
    def ratios(self) -> list[float]:
        """Time of the first over that of the second, pair by pair."""
        return [a / b for a, b in zip(self.first, self.second, strict=True)]

    def lines(self, name: str) -> list[str]:
        """``name: median`` of the ratios, and its bounds."""
        low, high = median_bounds(self.ratios)
        values = {"": median(self.ratios), "_low": low, "_high": high}
        return [f"{name}{suffix}: {value:.3f}" for suffix, value in values.items()]


def median_bounds(values: Sequence[float]) -> tuple[float, float]:
    """The 95 % interval of the median of independent values by order statistics.

    Of fewer than six values, which give none, the least and the greatest.
    """
    low, high = quantile_test(values, p=0.5).confidence_interval(0.95)
    return (min(values), max(values)) if isnan(low) else (float(low), float(high))


def time_pairs(first: Work, second: Work, pairs: int, seconds: float) -> Pairs:
    """Warm both up with a run each, then time them in turns.

    The order within a pair changes from pair to pair (a b, b a, a b, …), so that a machine that
    grows steadily slower or faster favours neither.

    Args:
        pairs: at most.
        seconds: after which no further pair is begun; there is always one.
    """
    first()
    second()
    times: tuple[list[float], list[float]] = ([], [])
    started = time.perf_counter()
    for number in range(pairs):
        if number and time.perf_counter() - started > seconds:
            break
        for place in (0, 1) if number % 2 == 0 else (1, 0):
            times[place].append(timed((first, second)[place]))
    return Pairs(tuple(times[0]), tuple(times[1]))


def timed(work: Work) -> float:
    """Seconds that ``work`` takes, with all it leaves to a GPU."""
    _await_device()
    started = time.perf_counter()
    work()
    _await_device()
    return time.perf_counter() - started


def _await_device() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()
