"""Sheets of synthetic images: every tile in its place, every count on its bar."""

import numpy as np
import pandas as pd

from dermaflow.reporting.style import ACCENT, QUIET
from dermaflow.reporting.synthesis_figures import (
    GAP,
    contact_sheet,
    draw_class_counts,
    draw_progress,
    draw_side_by_side,
)
from reporting.artists import colours, heading, pictures, texts, tick_names, tile_shades

H, W = 3, 4


def plain(*shades):
    """An image of each shade, uint8 (N, H, W, 3)."""
    return np.broadcast_to(np.array(shades, np.uint8)[:, None, None, None], (len(shades), H, W, 3))


def shades(sheet):
    return tile_shades(sheet, H, W)


def test_tiles_lie_in_reading_order_with_white_between_and_after():
    sheet = contact_sheet(plain(10, 20, 30), 2)
    assert sheet.shape == (2 * H + GAP, 2 * W + GAP, 3)
    assert shades(sheet) == [10, 20, 30, 255]
    assert (sheet[H : H + GAP] == 255).all()
    assert (sheet[:, W : W + GAP] == 255).all()


def test_bars_stack_synthetic_on_real_images_the_fewest_first():
    train = pd.DataFrame({"label": ["nv"] * 5 + ["mel"] * 2})
    synthetic = pd.DataFrame({"label": ["mel"] * 3 + ["xyz"]})
    axes = draw_class_counts(train, synthetic).axes[0]
    assert tick_names(axes.yaxis) == ["xyz", "Melanoma", "Melanocytic naevus"]
    bars = [(bar.get_x(), bar.get_width()) for bar in axes.patches]
    assert bars == [(0, 0), (0, 2), (0, 5), (0, 1), (2, 3), (5, 0)]
    assert colours(axes.patches) == [QUIET] * 3 + [ACCENT] * 3
    assert texts(axes) == ["  0 + 1", "  2 + 3", "  5"]
    # Behind the bars of its row.
    assert [text.get_position() for text in axes.texts] == [(1, 0), (5, 1), (5, 2)]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["real", "synthetic"]


def test_without_synthetic_images_no_word_is_of_them():
    train = pd.DataFrame({"label": ["nv"] * 5 + ["mel"] * 2})
    axes = draw_class_counts(train, train[:0]).axes[0]
    assert axes.get_legend() is None
    assert texts(axes) == ["  2", "  5"]


def test_real_images_are_on_the_left_and_generated_ones_on_the_right():
    figure = draw_side_by_side("mel", plain(1, 2, 3, 4, 5), plain(101))
    assert heading(figure) == ("Melanoma", "")
    left, right = figure.axes
    assert left.get_title(loc="left") == "real training images (5 shown)"
    assert shades(pictures(left)[0]) == [1, 2, 3, 4, 5, 255, 255, 255]
    assert right.get_title(loc="left") == "generated (1 shown)"
    assert shades(pictures(right)[0]) == [101, 255, 255, 255]


def test_progress_has_a_row_a_moment():
    grid = plain(1, 2, 3, 4, 5, 6).reshape(2, 3, H, W, 3)
    figure = draw_progress("xyz", grid)
    (sheet,) = pictures(figure.axes[0])
    assert sheet.shape == (2 * H + GAP, 3 * (W + GAP) - GAP, 3)
    assert shades(sheet) == [1, 2, 3, 4, 5, 6]
    assert heading(figure)[0] == "xyz: the generator while it is fitted"
