"""Figures of a comparison: each run in its colour and shape, wherever another has nothing."""

import numpy as np
import pytest
from matplotlib.text import Text

from dermaflow.ml.evaluation.estimate import Estimate
from dermaflow.ml.evaluation.paired_difference import Resampling
from dermaflow.reporting.comparison.comparison_figures import (
    RUN_COLOURS,
    draw_curve,
    draw_differences,
    draw_scores,
)
from dermaflow.reporting.comparison.content import Comparison, Difference
from reporting.artists import heading, segments, texts, tick_names

NAMES = {"macro_f1": "Macro F1", "accuracy": "Accuracy", "mel/auc": "Melanoma AUC"}
MARKERS = "osD"


@pytest.fixture
def comparison(make_run):
    """Three runs; the second has no scores and no history, and less of the first's metrics."""
    runs = (
        make_run("A", scores={"accuracy": Estimate(0.8, 0.7, 0.9), "mel/auc": Estimate(0.9)}),
        make_run("B", scores={}, curves={}),
        make_run(
            "C",
            scores={"accuracy": Estimate(0.6, 0.5, 0.75)},
            curves={"train/loss": [(10, 3.0), (25, 2.5), (30, 0.5)]},
        ),
    )
    differences = (
        Difference("B", 9, 9, {"accuracy": Estimate(-0.2, -0.3, -0.1)}, ()),
        Difference(
            "C",
            9,
            9,
            {"accuracy": Estimate(0.1, -0.1, 0.4), "mel/auc": Estimate(0.05, 0.01, 0.1)},
            (),
        ),
    )
    return Comparison("e", runs, {}, differences, Resampling(9, 0.9, 3))


def dots(axes):
    """Row, value and filling of each dot, by number of the run, whose look it has."""
    found = {}
    for line in axes.lines:
        if line.get_marker() not in MARKERS or not len(line.get_xdata()):
            continue
        number = MARKERS.index(line.get_marker())
        assert line.get_color() == RUN_COLOURS[number]
        (x, y), filled = line.get_xydata()[0], line.get_markerfacecolor() != "white"
        found.setdefault(number, []).append((round(y), float(x), filled))
    return found


def legend(figure):
    return [text.get_text() for text in (*figure.legends, figure.axes[0].get_legend())[0].texts]


def test_differences_are_in_the_rows_of_their_metrics_and_hollow_where_0_is_possible(comparison):
    figure = draw_differences(comparison, NAMES, "Title")
    (axes,) = figure.axes
    assert tick_names(axes.yaxis) == ["Accuracy", "Melanoma AUC"]  # of Macro F1 there is none
    assert dots(axes) == {1: [(0, -0.2, True)], 2: [(0, 0.1, False), (1, 0.05, True)]}
    assert segments(axes)[:, :, 0].tolist() == [[-0.3, -0.1], [-0.1, 0.4], [0.01, 0.1]]
    assert legend(figure) == ["B · bbbbbbbb", "C · cccccccc"]
    bottom, top = axes.get_ylim()
    assert bottom > top  # row 0 is the uppermost


def test_runs_of_a_row_lie_apart_in_their_order_each_on_its_bar(comparison):
    (axes,) = draw_differences(comparison, NAMES, "Title").axes
    marked = [line for line in axes.lines if line.get_marker() in MARKERS and len(line.get_ydata())]
    heights = [float(line.get_ydata()[0]) for line in marked]
    assert -0.5 < heights[0] < heights[1] < 0.5 < heights[2] < 1.5
    np.testing.assert_allclose(segments(axes)[:, 0, 1], heights)


def test_zero_is_in_the_middle_and_signs_are_told(comparison):
    figure = draw_differences(comparison, NAMES, "Title")
    (axes,) = figure.axes
    low, high = axes.get_xlim()
    assert -low == high > 0.4
    assert axes.get_xlabel().startswith("← lower than A")
    show = axes.xaxis.get_major_formatter()
    assert [show(x, 0) for x in (-0.25, 0, 0.1)] == ["−0.25", "0", "+0.1"]
    title, caption = heading(figure)
    assert title == "Title"
    assert caption.startswith("Each run less A, on common test images, with 90 % interval.")


def test_scores_are_of_the_runs_that_have_them_and_all_filled(comparison):
    figure = draw_scores(comparison, NAMES, "Title")
    (axes,) = figure.axes
    assert tick_names(axes.yaxis) == ["Accuracy", "Melanoma AUC"]
    assert dots(axes) == {0: [(0, 0.8, True), (1, 0.9, True)], 2: [(0, 0.6, True)]}
    assert segments(axes)[:, :, 0].tolist() == [[0.7, 0.9], [0.5, 0.75]]
    assert legend(figure) == ["A · aaaaaaaa", "C · cccccccc"]
    assert axes.get_xlim() == (0, 1)


def test_too_few_groups_are_words_and_a_missing_spread_is_marked(make_run):
    few = Estimate(1.0, 0.34, 1.0, 2).require_groups(10)
    scores = {"accuracy": Estimate(1.0, groups=30, not_estimable=True), "mel/auc": few}
    figure = draw_scores(Comparison("e", (make_run("A", scores=scores),), {}, (), None), NAMES, "T")
    (axes,) = figure.axes
    assert dots(axes) == {0: [(0, 1.0, True)]}
    assert texts(axes) == ["†", "insufficient data"]
    assert "†: interval not estimable" in heading(figure)[1]


def test_a_history_keeps_the_colour_of_its_run_where_an_earlier_one_has_none(comparison):
    figure = draw_curve(comparison, "train/loss")
    (axes,) = figure.axes
    lines = {line.get_label(): line for line in axes.lines}
    assert {tag: line.get_xydata().tolist() for tag, line in lines.items()} == {
        "A · aaaaaaaa": [[1, 2], [2, 1]],
        "C · cccccccc": [[10, 3], [25, 2.5], [30, 0.5]],
    }
    looks = [(line.get_color(), line.get_marker()) for line in axes.lines]
    assert looks == [(RUN_COLOURS[0], "o"), (RUN_COLOURS[2], "D")]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("training step", "loss")
    assert heading(figure) == ("Training loss", "")


def test_where_there_is_nothing_to_draw_there_is_no_figure(comparison):
    assert draw_differences(comparison, {"bcc/f1": "BCC"}, "Title") is None
    assert draw_scores(comparison, {"bcc/f1": "BCC"}, "Title") is None
    assert draw_curve(comparison, "train/val_balanced_accuracy") is None


def test_no_name_of_a_run_is_drawn(make_run):
    hostile = make_run("B", name="$\\frac$ hostile", curves={"train/loss": [(1, 1.0)]})
    runs = Comparison("e", (make_run("A"), hostile), {}, (), None)
    for figure in (draw_scores(runs, NAMES, "Title"), draw_curve(runs, "train/loss")):
        written = [text.get_text() for text in figure.findobj(Text)]
        assert not any("hostile" in text for text in written)
        assert legend(figure) == ["A · aaaaaaaa", "B · bbbbbbbb"]


def test_colours_of_runs_differ():
    assert len(set(RUN_COLOURS)) == len(RUN_COLOURS) == 7
