"""The number of agreeing features that makes a pair."""

import numpy as np
import pytest

from dermaflow.data.duplicates.match_threshold import needed_agreement


def falling(first, factor):
    """Pairs of which ``first / factor ** n`` have at least 4 + n agreeing features."""
    at_least = [round(first / factor**n) for n in range(40)]
    numbers = -np.diff([*at_least, 0])
    return np.repeat(np.arange(4, 44), numbers)


@pytest.mark.parametrize(
    ("first", "factor", "expected"),
    [
        (160_000, 10, 10),  # 160,000 / 10^6 = 0.16, and with one step fewer 1.6
        (160_000, 4, 14),  # 160,000 / 4^10 = 0.15, and with one step fewer 0.6
        (10_000, 2, 19),  # 10,000 / 2^15 = 0.3, and with one step fewer 0.6
    ],
)
def test_it_is_where_less_than_half_a_pair_is_expected(first, factor, expected):
    assert needed_agreement(falling(first, factor), 5, 0.5) == expected


def test_a_border_is_met_exactly():
    """Of 11,100 pairs that fall tenfold a step just 11.1 are left after three: no logarithm that is
    off in its last digit has a say."""
    counts = np.repeat([4, 5, 6], [10_000, 1000, 100])
    assert needed_agreement(counts, 4, 11.1) == 7
    assert needed_agreement(counts, 4, 11.0999) == 8
    assert needed_agreement(counts, 4, 1.11) == 8


@pytest.mark.parametrize("share", [0.003, 0.15, 1])
def test_real_pairs_among_those_of_chance_do_not_count_however_many(share):
    chance = falling(160_000, 10)
    real = np.random.default_rng(0).integers(12, 250, int(share * len(chance)))
    alone = needed_agreement(chance, 5, 0.5)
    assert needed_agreement(np.concatenate([chance, real]), 5, 0.5) == alone


def test_it_is_never_below_the_least():
    assert needed_agreement(falling(160_000, 10), 12, 0.5) == 12


@pytest.mark.parametrize("agreeing", [[], [4, 4, 5], [50] * 9])
def test_of_too_few_pairs_nothing_is_learnt(agreeing):
    assert needed_agreement(agreeing, 10, 0.5) == 10


def test_a_number_that_does_not_fall_leaves_no_pair():
    assert needed_agreement(np.full(1000, 30), 10, 0.5) > 30
