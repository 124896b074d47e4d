"""Panels of ROC and precision-recall curves: a panel a class, marked where it was reported."""

import numpy as np
import pytest

from dermaflow.ml.evaluation.estimate import Estimate
from dermaflow.reporting.class_curves import class_curves
from dermaflow.reporting.curve_figures import draw_precision_recall, draw_roc
from dermaflow.reporting.style import CLASS_COLOURS, FAINT, class_name
from reporting.artists import heading, lines_of, panel, points_of, texts
from reporting.small_predictions import CLASSES, CODES, make_predictions, scores_of

MANY = ("akiec", "bcc", "bkl", "mel", "df")  # of df there is no image


@pytest.fixture(scope="module")
def predictions():
    return make_predictions()


@pytest.fixture(scope="module")
def scores(predictions):
    return scores_of(predictions)


@pytest.fixture(scope="module")
def roc(predictions, scores):
    return draw_roc(predictions, scores, CODES)


@pytest.fixture(scope="module")
def precision_recall(predictions, scores):
    return draw_precision_recall(predictions, scores, CODES)


@pytest.mark.parametrize("kind", ["roc", "precision_recall"])
def test_each_panel_has_its_own_curve_in_colour_and_the_others_in_grey(kind, predictions, request):
    figure = request.getfixturevalue(kind)
    drawn = {code: getattr(class_curves(predictions, code), kind) for code in CLASSES}
    for code in CLASSES:
        axes = panel(figure, class_name(code))
        (own,) = lines_of(axes, CLASS_COLOURS[code])
        np.testing.assert_array_equal(own.get_data(), drawn[code])
        others = [line.get_data() for line in lines_of(axes, FAINT)]
        expected = [drawn[other] for other in CLASSES if other != code]
        for found, wanted in zip(others, expected, strict=True):
            np.testing.assert_array_equal(found, wanted)
        style = "steps-pre" if kind == "precision_recall" else "default"
        assert own.get_drawstyle() == style


def test_points_are_marked_where_they_were_reported_in_the_panel_of_their_class(
    roc, precision_recall, scores
):
    rates = [
        {measure: scores[f"{name}/{measure}"].value for measure in ("recall", "specificity")}
        | {"precision": scores[f"{name}/precision"].value}
        for name in CODES
    ]
    marks = points_of(panel(roc, "Melanoma"))
    np.testing.assert_allclose(marks, [(1 - r["specificity"], r["recall"]) for r in rates])
    marks = points_of(panel(precision_recall, "Melanoma"))
    np.testing.assert_allclose(marks, [(r["recall"], r["precision"]) for r in rates])
    for figure in (roc, precision_recall):
        assert points_of(panel(figure, "Melanocytic naevus")) == []
        assert "Dots: operating points" in heading(figure)[1]


def test_marked_points_lie_on_the_roc_curve(roc):
    axes = panel(roc, "Melanoma")
    (curve,) = lines_of(axes, CLASS_COLOURS["mel"])
    for point in points_of(axes):
        assert np.abs(curve.get_xydata() - point).sum(1).min() == pytest.approx(0)


def test_chance_is_the_diagonal_of_a_roc_and_the_share_of_the_class_elsewhere(
    roc, precision_recall, predictions
):
    for number, code in enumerate(CLASSES):
        for figure, expected in (
            (roc, [0, 1]),
            (precision_recall, [np.mean(predictions.labels == number)] * 2),
        ):
            lines = panel(figure, class_name(code)).lines
            (dashed,) = (line for line in lines if line.get_linestyle() == "--")
            np.testing.assert_allclose(dashed.get_ydata(), expected)


def test_an_area_is_told_with_its_interval_where_there_is_one(predictions):
    scores = {"bcc/auc": Estimate(0.8, 0.7, 0.9), "mel/auc": Estimate(0.75)}
    figure = draw_roc(predictions, scores, {})
    told = [texts(panel(figure, class_name(code))) for code in CLASSES]
    assert told == [["AUC 0.800\n[0.700, 0.900]"], ["AUC 0.750"], []]
    assert "Dots" not in heading(figure)[1]


@pytest.mark.parametrize("draw", [draw_roc, draw_precision_recall])
def test_a_class_without_images_has_no_curve_in_any_panel_and_says_so(draw):
    figure = draw(make_predictions(MANY), {}, {})
    counts = [axes.get_title(loc="right") for axes in figure.axes[:5]]
    assert counts[4] == "n=0"
    assert sum(int(count.removeprefix("n=")) for count in counts) == 60
    empty = panel(figure, "Dermatofibroma")
    assert texts(empty) == ["no images"]
    assert lines_of(empty, CLASS_COLOURS["df"]) == []
    assert len(lines_of(empty, FAINT)) == 4
    assert len(lines_of(panel(figure, "Melanoma"), FAINT)) == 3


def test_the_lowest_panel_of_each_column_is_labelled_and_unused_ones_are_off():
    axes = draw_roc(make_predictions(MANY), {}, {}).axes
    assert [panel.axison for panel in axes] == [True] * 5 + [False] * 3
    below = [bool(panel.get_xlabel()) for panel in axes[:5]]
    assert below == [False, True, True, True, True]
    beside = [panel.get_ylabel() for panel in axes[:5]]
    assert beside == ["True positive rate", "", "", "", "True positive rate"]
