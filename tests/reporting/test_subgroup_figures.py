"""The figure of subgroups: a row a subgroup, a panel a measure, a dash where data are too few."""

import numpy as np
import pandas as pd
import pytest

from dermaflow.reporting.style import INK
from dermaflow.reporting.subgroup_figures import draw_subgroups
from reporting.artists import heading, panel, points_of, segments, texts, tick_names

NAN = np.nan


def table(**changes):
    """All images and two tones; melanomas of the second are too few."""
    rows = [
        ("all", "all", 1234, 600, "accuracy", 0.7, 0.6, 0.8),
        ("all", "all", 1234, 600, "mel/recall", 0.5, 0.4, 0.6),
        ("skin_tone", "2", 1000, 500, "accuracy", 0.8, 0.7, 0.85),
        ("skin_tone", "2", 1000, 500, "mel/recall", 0.55, 0.45, 0.65),
        ("skin_tone", "1", 234, 100, "accuracy", 0.4, 0.3, 0.5),
        ("skin_tone", "1", 234, 100, "mel/recall", NAN, NAN, NAN),
    ]
    columns = ["column", "subgroup", "images", "groups", "measure", "value", "low", "high"]
    return pd.DataFrame(rows, columns=columns).assign(note="").assign(**changes)


@pytest.fixture(scope="module")
def figure():
    return draw_subgroups(table(), "external/clinic", 0.9)


def test_a_name_with_dollars_is_no_formula():
    named = table().replace({"subgroup": {"2": "$x^$"}})
    figure = draw_subgroups(named, "external/$_$", 0.9)
    figure.canvas.draw()  # where a formula would be parsed
    assert any("$x^$" in name for name in tick_names(figure.axes[0].yaxis))


def whole(axes):
    """Where the upright line stands."""
    return [line.get_xdata()[0] for line in axes.lines if line.get_color() == INK]


def test_each_subgroup_is_in_its_row_in_the_order_of_the_table(figure):
    assert tick_names(figure.axes[0].yaxis) == [
        "all  (1,234 images, 600 groups)",
        "skin tone 2  (1,000 images, 500 groups)",
        "skin tone 1  (234 images, 100 groups)",
    ]
    bottom, top = figure.axes[0].get_ylim()
    assert bottom > top  # row 0 is the uppermost
    accuracy = panel(figure, "Accuracy")
    assert points_of(accuracy) == [(0.7, 0), (0.8, 1), (0.4, 2)]
    assert segments(accuracy)[:, :, 0].tolist() == [[0.6, 0.8], [0.7, 0.85], [0.3, 0.5]]
    assert segments(accuracy)[:, 0, 1].tolist() == [0, 1, 2]


def test_too_few_data_are_a_dash_and_no_dot(figure):
    recall = panel(figure, "Melanoma recall")
    assert points_of(recall) == [(0.5, 0), (0.55, 1)]
    assert texts(recall) == ["0.50", "0.55", "–"]


def test_the_line_is_at_what_all_images_have_of_the_measure(figure):
    assert whole(panel(figure, "Accuracy")) == [0.7]
    assert whole(panel(figure, "Melanoma recall")) == [0.5]
    unknown = draw_subgroups(table(value=NAN, low=NAN, high=NAN), "test", 0.9)
    assert whole(panel(unknown, "Accuracy")) == []


def test_the_caption_names_the_part_and_tells_of_bars_where_there_are_some(figure):
    caption = heading(figure)[1]
    assert caption.startswith("external/clinic. ")
    assert "90% intervals count groups, not images: Wilson" in caption
    plain = draw_subgroups(table(low=NAN, high=NAN), "test", 0.9)
    assert "intervals" not in heading(plain)[1]
    assert len(segments(panel(plain, "Accuracy"))) == 0
    assert points_of(panel(plain, "Accuracy")) == [(0.7, 0), (0.8, 1), (0.4, 2)]


@pytest.mark.parametrize("name", ["NA", "None", ""])
def test_a_subgroup_of_any_name_has_its_row(name):
    named = table().replace({"subgroup": {"1": name}})
    names = tick_names(draw_subgroups(named, "test", 0.9).axes[0].yaxis)
    assert names[2] == f"skin tone {name}  (234 images, 100 groups)"


def test_an_interval_that_is_not_estimable_is_marked():
    perfect = table(value=1.0, low=NAN, high=NAN, note="interval not estimable")
    figure = draw_subgroups(perfect, "test", 0.9)
    assert texts(panel(figure, "Accuracy")) == ["†", "1.00"] * 3
    assert "†: interval not estimable" in heading(figure)[1]
