"""Figures of drift: shares of the reference in grey, and those of the batch over them."""

import io

import numpy as np
import pandas as pd
import pytest

from dermaflow.data.drift.appearance import APPEARANCE_COLUMNS, EMBEDDING_LENGTH
from dermaflow.data.drift.compare_sources import Comparison
from dermaflow.data.drift.drift_features import NUMBERS
from dermaflow.data.drift.profile import build_profile
from dermaflow.reporting.drift.drift_figures import draw_feature
from dermaflow.reporting.style import WARNING
from reporting.artists import tick_names

COLUMNS = ("age", "brightness", "contrast", *APPEARANCE_COLUMNS)


def profile(embeddings=None, **told):
    """Four pictures, or as many as there are embeddings, of which nothing but that is known."""
    if embeddings is None:
        embeddings = np.random.default_rng(0).normal(size=(4, EMBEDDING_LENGTH))
    rows = pd.DataFrame(np.nan, range(len(embeddings)), COLUMNS)
    rows = rows.assign(**{"label": None, "sex": None, "localization": None, **told})
    rng = np.random.default_rng(1)
    return build_profile(rows, embeddings.astype(np.float32), len(rows), (48, 64), 30, rng)


def compare(reference, batch):
    return Comparison(
        name="batch",
        reference_name="reference",
        batch=batch,
        reference=reference,
        unusual=[],
        typical=[],
    )


def axes_of(comparison, feature):
    (axes,) = draw_feature(comparison, feature).axes
    return axes


def bars(axes):
    """Name -> shares of the reference and of the batch, from the top."""
    names = tick_names(axes.yaxis)
    widths = [bar.get_width() for bar in axes.patches]
    pairs = zip(widths[: len(names)], widths[len(names) :], strict=True)
    return list(zip(names, pairs, strict=True))


def test_categories_are_shares_of_what_is_known_the_references_most_frequent_first():
    reference = profile(sex=["male", "female", "female", None])
    axes = axes_of(compare(reference, profile(sex=["male", None, None, "other"])), "sex")
    assert bars(axes) == [
        ("female", (pytest.approx(2 / 3), 0)),
        ("male", (pytest.approx(1 / 3), 0.5)),
        ("other", (0, 0.5)),
    ]
    bottom, top = axes.get_ylim()
    assert bottom > top  # the first is the uppermost
    assert axes.get_xlabel() == "share"


def test_classes_are_named_in_words_and_what_else_is_told_is_not():
    reference = profile(label=["mel"] * 4, localization=["mel"] * 4)
    comparison = compare(reference, reference)
    assert tick_names(axes_of(comparison, "label").yaxis) == ["Melanoma"]
    assert tick_names(axes_of(comparison, "localization").yaxis) == ["mel"]


def test_of_many_categories_the_twelve_most_frequent_of_either_stay_in_their_order():
    many = np.random.default_rng(0).normal(size=(30, EMBEDDING_LENGTH))
    counts = {f"c{number:02}": 2 for number in range(14)}  # 28 pictures
    sites = [name for name, count in counts.items() for _ in range(count)]
    reference = profile(many, localization=[*sites, None, None])
    batch = profile(localization=["new", "new", "c13", None])
    names = tick_names(axes_of(compare(reference, batch), "localization").yaxis)
    assert names == [*(f"c{number:02}" for number in range(10)), "c13", "new"]


def test_a_name_of_the_data_is_not_read_as_mathematics():
    reference = profile(localization=["$x^$"] * 4)
    figure = draw_feature(compare(reference, reference), "localization")
    figure.savefig(io.BytesIO(), format="svg")
    assert tick_names(figure.axes[0].yaxis) == ["$x^$"]


def test_numbers_are_drawn_from_the_first_to_the_last_bar_that_is_used():
    reference = profile(age=[31.0, 34.0, 35.0, np.nan])
    axes = axes_of(compare(reference, profile(age=[32.0, 52.0, 54.9, 52.0])), "age")
    theirs, ours = (patch.get_data() for patch in axes.patches)
    np.testing.assert_allclose(theirs.edges, [30, 35, 40, 45, 50, 55])
    np.testing.assert_allclose(theirs.values, [2 / 3, 1 / 3, 0, 0, 0])
    np.testing.assert_allclose(ours.values, [0.25, 0, 0, 0, 0.75])
    np.testing.assert_array_equal(ours.edges, theirs.edges)
    assert [patch.get_fill() for patch in axes.patches] == [True, False]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("years", "share")


def test_shares_of_a_batch_add_up_to_one_at_the_ends_of_the_scale():
    scale = NUMBERS["sharpness"]  # whose last bar has fewer bins than the others
    reference = profile(sharpness=[scale.low - 1, scale.low, scale.high, scale.high + 1])
    axes = axes_of(compare(reference, reference), "sharpness")
    drawn = axes.patches[0].get_data()
    assert drawn.values.sum() == pytest.approx(1)
    assert (drawn.values[0], drawn.values[-1]) == (0.5, 0.5)
    assert drawn.edges[0] == scale.low
    assert drawn.edges[-2] < scale.high <= drawn.edges[-1]


def test_a_feature_of_which_nothing_is_known_is_drawn_empty():
    nothing = compare(profile(), profile())
    assert list(axes_of(nothing, "sex").patches) == []
    for patch in axes_of(nothing, "age").patches:
        shown = patch.get_data()
        assert not shown.values.any()
        assert (shown.edges[0], shown.edges[-1]) == (0, 120)


def clouds(comparison):
    axes = axes_of(comparison, "embedding")
    assert axes.lines[1].get_color() == WARNING != axes.lines[0].get_color()
    return [line.get_xydata() for line in axes.lines]


def test_pictures_lie_on_the_directions_in_which_the_reference_spreads_most():
    reference = np.zeros((6, EMBEDDING_LENGTH))
    reference[:, 4] = [-2, -1, 0, 0, 1, 2]
    reference[:, 9] = [0.1, -0.1, 0, 0, -0.1, 0.1]
    batch = np.zeros((2, EMBEDDING_LENGTH))
    batch[1, 4] = 4
    batch[:, 20] = 7  # a direction in which the reference does not spread
    theirs, ours = clouds(compare(profile(reference), profile(batch)))
    # In standard deviations of the reference, whichever way a direction points.
    spread = np.sqrt(10 / 6), 0.1 * np.sqrt(4 / 6)
    expected = np.sort(np.abs(reference[:, [4, 9]] / spread), axis=None)
    np.testing.assert_allclose(np.sort(np.abs(theirs), axis=None), expected, atol=0.01)
    assert np.linalg.norm(ours[0]) == pytest.approx(0, abs=1e-6)
    assert np.linalg.norm(ours[1]) == pytest.approx(4 / spread[0], abs=0.01)


def test_a_reference_of_one_picture_has_one_direction():
    one = np.ones((1, EMBEDDING_LENGTH))
    theirs, ours = clouds(compare(profile(one), profile(np.zeros((3, EMBEDDING_LENGTH)))))
    assert theirs.shape == (1, 2)
    assert ours.shape == (3, 2)
    assert not ours[:, 1].any()
