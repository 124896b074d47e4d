"""How a metric is written: with its interval, or with why it has none."""

import pytest

from dermaflow.ml.evaluation.estimate import Estimate
from dermaflow.ml.evaluation.estimate_text import format_estimate, format_value, note

FEW = Estimate(1.0, 0.34, 1.0, 2).require_groups(10)


@pytest.mark.parametrize(
    ("estimate", "signed", "text"),
    [
        (Estimate(0.5414, 0.447, 0.598), False, "0.541 [0.447, 0.598]"),
        (Estimate(0.5), False, "0.500"),
        (Estimate(0.02, -0.0104, 0.05), True, "+0.020 [−0.010, +0.050]"),
        (Estimate(-0.25), True, "−0.250"),
        (Estimate(1.0, groups=30, not_estimable=True), False, "1.000 interval not estimable"),
        (FEW, False, "insufficient data (2 of 10 groups)"),
        (FEW, True, "insufficient data (2 of 10 groups)"),
        (None, True, "–"),
    ],
)
def test_estimates_have_three_digits_their_interval_and_a_true_minus(estimate, signed, text):
    assert format_estimate(estimate, signed=signed) == text


def test_values_alone_may_have_fewer_digits_and_are_hidden_where_data_are_insufficient():
    assert format_value(Estimate(0.5), digits=2) == "0.50"
    assert format_value(FEW, digits=2) == "insufficient data"


def test_a_note_says_only_what_is_amiss():
    assert note(FEW) == "insufficient data (2 of 10 groups)"
    assert note(Estimate(1.0, not_estimable=True)) == "interval not estimable"
    assert note(Estimate(0.5, 0.4, 0.6, 30)) == note(Estimate(26)) == ""
