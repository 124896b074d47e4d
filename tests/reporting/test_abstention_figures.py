"""The figure of abstention: curves, who is not answered, and what is found of each class."""

import numpy as np
import pandas as pd
import pytest

from conf_params import params_of
from dermaflow.ml.evaluation.estimate import Estimate
from dermaflow.ml.evaluation.risk_coverage import measure_abstention
from dermaflow.reporting.abstention_figures import draw_abstention
from reporting.artists import heading, points_of, texts, tick_names

CLASSES = ["bcc", "mel", "nv"]
EVALUATE = params_of("evaluate", {"least_groups": 1})


def part(labels, right, reasons):
    """Images of which those that are right are the surer ones; a group each."""
    confidence = np.where(right, 0.9, 0.6) - np.arange(len(labels)) / 1000
    predicted = [code if hit else "nv" for code, hit in zip(labels, right, strict=True)]
    table = pd.DataFrame({"label": labels, "predicted": predicted})
    for code in CLASSES:
        table[f"p_{code}"] = np.where(table["predicted"] == code, confidence, (1 - confidence) / 2)
    table["group_id"] = [f"g{number}" for number in range(len(table))]
    return table.assign(reason=reasons, abstain=[reason != "" for reason in reasons])


TEST = part(
    ["mel"] * 4 + ["nv"] * 6,
    [True, True, False, False] + [True] * 6,
    ["", "uncertain", "uncertain", "out of distribution"] + ["unreadable: blank"] + [""] * 5,
)
ELSEWHERE = part(["bcc", "mel"], [True, False], ["", "unreadable: not skin"])


def drawn(parts):
    scores = {
        name: measure_abstention(rows, CLASSES, EVALUATE)
        | {f"{code}/recall": value for code, value in recalls(rows).items()}
        for name, rows in parts.items()
    }
    return draw_abstention(parts, scores, CLASSES)


def recalls(rows):
    hits = rows["label"] == rows["predicted"]
    return {
        code: Estimate(hits[of_it].mean()) for code, of_it in rows.groupby("label").groups.items()
    }


@pytest.fixture(scope="module")
def figure():
    return drawn({"test": TEST, "external/clinic": ELSEWHERE})


def test_each_part_has_a_row(figure):
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == [
        *("test: 10 images", "Not answered", "Found of each class (recall)"),
        *("external/clinic: 2 images", "Not answered", "Found of each class (recall)"),
    ]


def test_the_rule_is_marked_on_the_plane_of_the_curves(figure):
    axes = figure.axes[0]
    curves = {line.get_label(): line.get_xydata() for line in axes.lines[:2]}
    np.testing.assert_allclose(curves["error rate"][-1], [1, 0.2])
    np.testing.assert_allclose(curves["error rate"][0], [0.1, 0])
    np.testing.assert_allclose(curves["1 - balanced accuracy"][-1], [1, 0.25])
    # Six are answered, and all of them rightly.
    assert [points_of(axes, marker) for marker in ("o", "s")] == [[(0.6, 0)], [(0.6, 0)]]


def test_bars_are_shares_of_each_class_by_reason_and_their_text_counts(figure):
    axes = figure.axes[1]
    assert tick_names(axes.yaxis) == [
        "all images",
        "Basal cell carcinoma",
        "Melanoma",
        "Melanocytic naevus",
    ]
    widths = np.array([bar.get_width() for bar in axes.patches]).reshape(3, 4)
    np.testing.assert_allclose(widths[0], [0.1, 0, 0, 1 / 6])  # unreadable
    np.testing.assert_allclose(widths[1], [0.1, 0, 0.25, 0])  # out of distribution
    np.testing.assert_allclose(widths[2], [0.2, 0, 0.5, 0])  # uncertain
    assert [text.strip() for text in texts(axes)] == [
        "40% (4 of 10)",
        "no image",
        "75% (3 of 4)",
        "17% (1 of 6)",
    ]


def test_recall_is_shown_of_all_of_the_answered_and_with_abstained_as_missed(figure):
    dots, crosses = (points_of(figure.axes[2], marker) for marker in ("o", "x"))
    # Melanoma: half of all are found, the one that is answered, and one of four.
    assert dots == [(0.5, 1), (1, 1), (1, 2), (1, 2)]
    assert crosses == [(0.25, 1), (pytest.approx(5 / 6), 2)]
    assert texts(figure.axes[2]) == ["no image"]  # bcc


def test_recall_of_too_few_lesions_is_not_shown():
    scores = measure_abstention(TEST, CLASSES, params_of("evaluate", {"least_groups": 5}))
    axes = draw_abstention({"test": TEST}, {"test": scores}, CLASSES).axes[2]
    assert texts(axes) == ["no image", "insufficient data"]  # bcc; mel, of four
    assert {place[1] for place in points_of(axes)} == {2}


def test_a_rule_that_never_abstains_has_its_curves_alone():
    figure = drawn({"test": TEST.drop(columns=["abstain", "reason"])})
    assert len(figure.axes) == 1
    assert "rule" not in heading(figure)[1]
