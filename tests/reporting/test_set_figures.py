"""The figure of sets: coverage within its band, sizes that add up, and what is outside marked."""

import pandas as pd
import pytest

from dermaflow.ml.evaluation.conformal import Cell, ConformalSets
from dermaflow.ml.evaluation.estimate import Estimate
from dermaflow.reporting.set_figures import draw_sets
from dermaflow.reporting.style import INK, WARNING
from reporting.artists import heading, panel, points_of, segments, texts, tick_names

CLASSES = ["df", "mel", "nv"]
CELLS = (
    Cell(("mel",), 92, 0.2, False),
    Cell(("nv",), 800, 0.5, False),
    Cell(("df",), 11, 0.1, True),
)
SCORES = {
    "coverage": Estimate(0.85),
    "set_size": Estimate(1.25),
    "df/lesion_coverage": Estimate(1.0, groups=11),
    "mel/lesion_coverage": Estimate(0.7, groups=92),
    "mel/expected_coverage": Estimate(0.9, 0.75, 0.98),
    "mel/coverage_in_band": Estimate(0.0),
    "nv/lesion_coverage": Estimate(0.91, groups=1234),
    "nv/expected_coverage": Estimate(0.9, 0.86, 0.93),
    "nv/coverage_in_band": Estimate(1.0),
    "small-classes/lesion_coverage": Estimate(1.0, groups=11),
    "small-classes/expected_coverage": Estimate(0.92, 0.6, 1.0),
    "small-classes/coverage_in_band": Estimate(1.0),
}


def answers():
    """Four melanomas, whose sets have no, one, two and all three classes."""
    members = pd.DataFrame(
        {"in_set_df": [0, 0, 0, 1], "in_set_mel": [0, 1, 1, 1], "in_set_nv": [0, 0, 1, 1]}
    )
    return members.astype(bool).assign(label="mel")


def draw(scores=SCORES, chose_epoch=True, parts=("test",)):
    sets = ConformalSets(0.9, CELLS, chose_epoch)
    return draw_sets(
        dict.fromkeys(parts, answers()), dict.fromkeys(parts, scores), sets, CLASSES, 0.95
    )


@pytest.fixture(scope="module")
def figure():
    return draw()


def test_a_row_a_class_and_one_for_the_small_ones_together(figure):
    axes = panel(figure, "Coverage, test: 0.850 of images")
    names = ["Dermatofibroma", "Melanoma", "Melanocytic naevus", "small classes together"]
    assert tick_names(axes.yaxis) == names
    assert points_of(axes) == [(1.0, 0), (0.7, 1), (0.91, 2), (1.0, 3)]
    bands = {round(float(ends[0][1])): (ends[0][0], ends[1][0]) for ends in segments(axes)}
    assert bands == {1: (0.75, 0.98), 2: (0.86, 0.93), 3: (0.6, 1.0)}
    (asked,) = [line for line in axes.lines if len(line.get_xdata()) == 2]
    assert list(asked.get_xdata()) == [0.9, 0.9]


def test_what_lies_outside_its_band_is_marked(figure):
    axes = panel(figure, "Coverage, test: 0.850 of images")
    assert texts(axes) == ["1.00 of 11", "0.70 of 92", "0.91 of 1,234", "1.00 of 11"]
    assert [text.get_color() for text in axes.texts] == [INK, WARNING, INK, INK]


def test_sizes_are_shares_of_a_classs_images(figure):
    axes = panel(figure, "Classes in the set: mean 1.25")
    bars = [bar for bar in axes.patches if round(bar.get_y() + 0.35) == 1]
    assert [bar.get_width() for bar in bars] == [0.25, 0.25, 0.25, 0.25, 0]
    assert bars[-1].get_x() == 1
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["none", *"123", "4+"]


def test_the_caption_says_what_is_guaranteed():
    assert "also chose the epoch: nothing is guaranteed" in heading(draw())[1]
    assert "guaranteed" not in heading(draw(chose_epoch=False))[1]


def test_each_part_has_its_panels_and_what_is_unknown_a_dash():
    figure = draw({}, parts=("test", "external/clinic"))
    figure.canvas.draw()
    assert texts(panel(figure, "Coverage, external/clinic: – of images")) == ["–"] * 4
