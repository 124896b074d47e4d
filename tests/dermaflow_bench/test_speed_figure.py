"""The figure of the grid shows every point, in the units that its axes name."""

import pytest

from dermaflow_bench.speed_figure import draw_grid


@pytest.fixture
def panels(grid):
    return draw_grid(grid, "a machine").axes


def test_the_figure_draws_every_point(panels):
    speed, share, memory = panels
    assert [line.get_ydata().tolist() for line in speed.lines] == [[90.0, 40.0], [70.0]]
    assert share.lines[0].get_ydata().tolist() == [0.97, 0.98]
    assert [list(line.get_ydata()) for line in memory.lines] == [
        [900 / 1024, 950 / 1024],
        [1700 / 1024],
    ]
    assert [tick.get_text() for tick in speed.get_xticklabels()] == ["32", "64"]


def test_axes_and_lines_are_labelled(panels):
    speed = panels[0]
    assert [axis.get_ylabel() for axis in panels] == ["images/s", "share", "GiB"]
    named = [line.get_label() for line in speed.lines]
    assert named == ["batch 4", "batch 4, 2 processes"]
    assert [text.get_text() for text in speed.get_legend().get_texts()] == named


def test_no_interval_is_cut_off(grid):
    wide = grid.assign(ceiling_ratio_low=grid["ceiling_ratio_low"] - 0.5, ceiling_ratio_high=1.2)
    low, high = draw_grid(wide, "a machine").axes[1].get_ylim()
    assert low <= wide["ceiling_ratio_low"].min()
    assert high >= 1.2
