"""Numbers are counted in equal bins."""

import numpy as np
import pandas as pd
import pytest

from dermaflow.data.drift.drift_features import NUMBERS, Scale


def bins_of(scale, *values):
    """The bin of each value on its own."""
    return [int(scale.count(pd.Series([value])).argmax()) for value in values]


def test_a_bin_holds_its_lower_end_and_not_its_upper():
    scale = Scale("", "", low=-4, high=4, bins=4, bar=1)
    assert scale.width == 2
    assert bins_of(scale, -4, -2.01, -2, -0.5, 0, 1.99, 2) == [0, 0, 1, 1, 2, 2, 3]


@pytest.mark.parametrize(
    ("name", "values", "bins"),
    [
        ("age", [-1, 0, 71, 119.9, 120, 400], [0, 0, 71, 119, 119, 119]),
        ("brightness", [0, 128, 255, 256], [0, 64, 127, 127]),
        ("contrast", [5, 7.9, 300], [5, 7, 127]),
        ("redness", [-90, -64, -0.5, 0, 63.9, 90], [0, 0, 63, 64, 127, 127]),
    ],
)
def test_what_is_outside_a_scale_counts_for_its_ends(name, values, bins):
    assert bins_of(NUMBERS[name], *values) == bins


def test_every_known_value_is_counted_once_and_a_missing_one_never():
    counts = NUMBERS["age"].count(pd.Series([3.0, np.nan, 3.5, 80.0, None]))
    assert counts.shape == (120,)
    assert {int(place): int(counts[place]) for place in np.flatnonzero(counts)} == {3: 2, 80: 1}
    assert NUMBERS["age"].count(pd.Series([], dtype=float)).tolist() == [0] * 120
