"""The look of figures: colours that stay, text that can be read, and no state left behind."""

import matplotlib as mpl
import numpy as np
import pytest

from dermaflow.reporting.style import (
    CLASS_COLOURS,
    RC_PARAMS,
    SHARE_MAP,
    class_colours,
    class_name,
    house_style,
    lay_out_shares,
    naming_classes,
    new_figure,
    readable_on,
    styled,
)
from reporting.artists import tick_names


def test_a_class_keeps_its_colour_and_unknown_ones_get_free_ones():
    assert class_colours(["nv", "mel"]) == {"nv": CLASS_COLOURS["nv"], "mel": CLASS_COLOURS["mel"]}
    mixed = class_colours(["mel", *(f"kind_{number}" for number in range(12))])
    assert mixed["mel"] == CLASS_COLOURS["mel"]
    assert len(set(mixed.values())) == 13
    assert len(class_colours([f"kind_{number}" for number in range(40)])) == 40


@pytest.mark.parametrize("simulate", ["deuteranopia", "protanopia"])
def test_class_colours_differ_to_the_colour_blind(simulate):
    """Machado et al. 2009 (doi:10.1109/TVCG.2009.113), severity 1, on linear RGB."""
    matrices = {
        "protanopia": [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ],
        "deuteranopia": [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ],
    }
    rgb = np.array([mpl.colors.to_rgb(colour) for colour in CLASS_COLOURS.values()])
    seen = np.clip((rgb**2.2) @ np.array(matrices[simulate]).T, 0, 1) ** (1 / 2.2)
    distances = np.linalg.norm(seen[:, None] - seen[None], axis=-1)
    assert distances[~np.eye(len(seen), dtype=bool)].min() > 0.1


def luminance(colour):
    """Relative luminance as WCAG 2 defines it."""
    rgb = np.array(mpl.colors.to_rgb(colour))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]


def test_text_can_be_read_on_every_share():
    """WCAG 2 asks for a contrast of 3 for large text."""
    for share in np.linspace(0, 1, 51):
        low, high = sorted([luminance(SHARE_MAP(share)), luminance(readable_on(share))])
        assert (high + 0.05) / (low + 0.05) > 3, share


def test_the_style_holds_while_a_figure_is_drawn_and_ends_with_it_even_on_an_error():
    before = dict(mpl.rcParams)
    assert before["axes.spines.top"] and before["text.color"] != RC_PARAMS["text.color"]
    seen = styled(lambda: {key: mpl.rcParams[key] for key in RC_PARAMS})()
    assert seen == RC_PARAMS | {"font.family": ["sans-serif"]}
    with pytest.raises(ZeroDivisionError), house_style():
        assert mpl.rcParams["text.color"] == RC_PARAMS["text.color"]
        raise ZeroDivisionError
    assert dict(mpl.rcParams) == before


@pytest.mark.parametrize("caption", ["", "one line", "a\ntext\nof\nlines"])
def test_heading_does_not_cover_the_axes(caption):
    figure, axes = new_figure(6, 3, "Title", caption)
    axes[0, 0].set_title("panel")
    figure.draw_without_rendering()
    lowest = min(text.get_window_extent().y0 for text in figure.texts)
    assert axes[0, 0].title.get_window_extent().y1 < lowest
    assert axes[0, 0]._left_title.get_window_extent().y1 < lowest


def test_axes_are_a_table_even_of_one_and_empty_headings_write_nothing():
    figure, axes = new_figure(3, 2)
    assert axes.shape == (1, 1)
    assert figure.texts == []
    _, axes = new_figure(6, 4, rows=2, columns=3, sharey=True)
    assert axes.shape == (2, 3)
    axes[0, 0].set_ylim(2, 5)
    assert axes[1, 2].get_ylim() == (2, 5)


def test_an_axis_of_shares_spans_them_all():
    _, axes = new_figure(3, 2)
    lay_out_shares(axes[0, 0])
    assert axes[0, 0].get_xlim() == (0, 1)
    ticks = axes[0, 0].get_xticks().tolist()
    assert dict(zip(ticks, tick_names(axes[0, 0].xaxis), strict=True)) == {
        0: "0", 0.25: "", 0.5: ".5", 0.75: "", 1: "1",
    }  # fmt: skip


def test_an_unknown_class_is_called_by_its_code():
    assert (class_name("mel"), class_name("xyz")) == ("Melanoma", "xyz")


def test_names_that_are_given_go_first_and_only_where_they_are_given():
    with naming_classes({"mel": "Melanom", "xyz": "Ekzem"}):
        assert [class_name(code) for code in ("mel", "xyz", "nv")] == [
            "Melanom", "Ekzem", "Melanocytic naevus",
        ]  # fmt: skip
    with pytest.raises(RuntimeError), naming_classes({"xyz": "Ekzem"}):
        raise RuntimeError
    assert class_name("xyz") == "xyz"
