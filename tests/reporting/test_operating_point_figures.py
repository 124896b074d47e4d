"""The figure of operating points: what was asked, what validation had, what the test split got."""

import numpy as np
import pytest

from dermaflow.ml.evaluation.estimate import Estimate
from dermaflow.reporting.operating_point_figures import draw_operating_points
from dermaflow.reporting.style import CLASS_COLOURS
from reporting.artists import heading, panel, points_of, texts, tick_names
from reporting.small_predictions import make_predictions

POINTS = {
    "strict": {
        "class": "mel",
        "specificity": 0.9,
        "threshold": 0.61234,
        "validation": {"recall": 0.55, "specificity": 0.91},
    },
    "wide": {"class": "bcc", "recall": 0.8, "threshold": 0.25, "validation": {}},
}
SCORES = {
    "strict/recall": Estimate(0.5, 0.4, 0.6),
    "strict/specificity": Estimate(0.88, 0.8, 0.95),
    "wide/recall": Estimate(0.75, 0.7, 0.85),
    "wide/specificity": Estimate(0.31, 0.25, 0.4),
    "wide/precision": Estimate(0.22, 0.2, 0.3),
}


@pytest.fixture(scope="module")
def figure():
    return draw_operating_points(make_predictions(), SCORES, POINTS, 0.9)


def dots(axes):
    """Points of the test split, with their colours."""
    filled = [line for line in axes.lines if line.get_markerfacecolor() != "none"]
    return [(*map(float, line.get_xydata()[0]), line.get_color()) for line in filled]


def test_a_dot_is_at_what_the_test_split_got_and_a_dash_where_that_is_not_defined(figure):
    mel, bcc = CLASS_COLOURS["mel"], CLASS_COLOURS["bcc"]
    assert dots(panel(figure, "Recall")) == [(0.5, 0, mel), (0.75, 1, bcc)]
    assert dots(panel(figure, "Specificity")) == [(0.88, 0, mel), (0.31, 1, bcc)]
    assert dots(panel(figure, "Precision")) == [(0.22, 1, bcc)]
    assert texts(panel(figure, "Precision")) == ["–", "0.22"]


def test_rings_are_of_validation_and_a_line_is_at_what_was_asked(figure):
    expected = {
        "Recall": ([(0.55, 0)], [(0.8, 1)]),
        "Specificity": ([(0.91, 0)], [(0.9, 0)]),
        "Precision": ([], []),
    }
    for title, (rings, asked) in expected.items():
        axes = panel(figure, title)
        tested = [place[:2] for place in dots(axes)]
        assert [place for place in points_of(axes) if place not in tested] == rings, title
        upright = [
            tuple(np.mean(segment, 0).round(9))
            for lines in axes.collections
            for segment in lines.get_segments()
            if segment[0][0] == segment[1][0]
        ]
        assert upright == asked, title


def test_rows_name_point_class_and_threshold_from_the_top(figure):
    assert tick_names(figure.axes[0].yaxis) == [
        "strict\nMelanoma: p ≥ 0.6123",
        "wide\nBasal cell carcinoma: p ≥ 0.2500",
    ]
    bottom, top = figure.axes[0].get_ylim()
    assert bottom > top  # row 0 is the uppermost


@pytest.mark.parametrize(
    ("scores", "told"),
    [
        (SCORES, True),
        ({name: Estimate(estimate.value) for name, estimate in SCORES.items()}, False),
        # What is drawn has no interval, whatever else has.
        ({"wide/recall": Estimate(0.75), "accuracy": Estimate(0.8, 0.7, 0.9)}, False),
    ],
)
def test_intervals_are_told_of_only_where_some_are_drawn(scores, told):
    figure = draw_operating_points(make_predictions(), scores, POINTS, 0.9)
    caption = heading(figure)[1]
    assert caption.startswith("Test split: 60 images of 30 groups.")
    assert ("90% intervals count groups, not images: Wilson" in caption) == told
