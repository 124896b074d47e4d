"""Dots, intervals, marks and words of estimates in a row, and what captions say of them."""

import pytest
from matplotlib.figure import Figure

from dermaflow.ml.evaluation.estimate import Estimate
from dermaflow.reporting.draw_estimates import describe_intervals, draw_estimate, draw_share
from dermaflow.reporting.style import ACCENT
from reporting.artists import points_of, segments, texts

SURE = Estimate(0.5, 0.4, 0.6, 30)
UNKNOWN = Estimate(1.0, groups=30, not_estimable=True)
FEW = Estimate(1.0, 0.34, 1.0, 2).require_groups(10)


@pytest.fixture
def axis():
    return Figure().subplots()


@pytest.mark.parametrize(
    ("share", "dots", "bars", "written"),
    [
        (SURE, [(0.5, 3)], [[0.4, 0.6]], ["0.50"]),
        (Estimate(0.5), [(0.5, 3)], [], ["0.50"]),
        (UNKNOWN, [(1.0, 3)], [], ["†", "1.00"]),
        (FEW, [], [], ["insufficient data", "–"]),
        (None, [], [], ["–"]),
    ],
)
def test_a_share_is_a_dot_on_its_interval_and_a_number(axis, share, dots, bars, written):
    draw_share(axis, 3, share, ACCENT)
    assert points_of(axis) == dots
    assert segments(axis)[:, :, 0].tolist() == bars
    assert texts(axis) == written


def test_a_mark_is_at_its_dot(axis):
    draw_estimate(axis, 2, UNKNOWN, ACCENT)
    assert axis.texts[0].xy == (1.0, 2)


@pytest.mark.parametrize(
    ("estimates", "lines"),
    [
        ([SURE, None], ["95% intervals count groups, not images: Wilson"]),
        (
            [SURE, UNKNOWN],
            ["95% intervals count groups, not images: Wilson", "†: interval not est"],
        ),
        ([UNKNOWN], ["†: interval not estimable"]),
        # What is not drawn needs no caption.
        ([Estimate(0.5), FEW, None], []),
    ],
)
def test_a_caption_tells_of_what_is_drawn(estimates, lines):
    text = describe_intervals(estimates, 0.95)
    found = text.splitlines()
    assert len(found) == len(lines)
    assert all(line.startswith(begin) for line, begin in zip(found, lines, strict=True))
