"""Pictures of the evaluate stage: of the test split alone, in the order a person reads them."""

import numpy as np
import pandas as pd
import pytest

from conf_params import params_of
from dermaflow.ml.evaluation.decision_rule import DecisionRule, answer
from dermaflow.pipelines.evaluate.drawing import create_pipeline
from pipelines.drawings import draw
from reporting.artists import heading, panel, points_of, texts, tick_names

CLASSES = ["mel", "nv"]
POINT = {"class": "mel", "recall": 0.8, "threshold": 0.5, "validation": {"recall": 0.85}}
RATES = {"find/recall": 0.75, "find/specificity": 0.5, "find/precision": 0.6}


def rule(points):
    values = {"temperature": 2.0, "views": 1, "class_offsets": {}, "class_weights": {}}
    return values | {"classifier": "any", "operating_points": points}


def subgroups():
    """Of the test split and of an external source, in the order in which they were measured."""
    row = {"column": "all", "subgroup": "all", "images": 8, "groups": 4, "measure": "accuracy"}
    values = {"test": 0.5, "external/clinic": 0.4}
    rows = [
        {"part": part, **row, "value": value, "low": np.nan, "high": np.nan}
        for part, value in values.items()
    ]
    return pd.DataFrame(rows)


def inputs(points):
    """Four validation images, then eight that were tested on, all of them as sure as each other."""
    truth = np.array([0, 1] * 6)
    logits = pd.DataFrame({"label": np.array(CLASSES)[truth], "split": ["val"] * 4 + ["test"] * 8})
    logits["group_id"] = [f"g{number // 2}" for number in range(12)]
    right = np.array([False] * 8 + [True] * 4)  # of the tested images half
    logits["logit_mel"] = np.where((truth == 0) == right, 4, -4).astype(np.float32)
    logits["logit_nv"] = np.float32(0)
    chosen = rule(points)
    test = {"accuracy": 0.5, "ece": 0.381, "ece_uncalibrated": 0.482, **(RATES if points else {})}
    return {
        "predictions": answer(logits, DecisionRule.from_dict(chosen), CLASSES),
        "logits": logits,
        "decision_rule": chosen,
        "metrics": {"val": {"accuracy": 0.25}, "test": test},
        "subgroups": subgroups(),
        "params:evaluate": params_of("evaluate", {"confidence": 0.9, "calibration_bins": 5}),
        "classes": CLASSES,
    }


@pytest.fixture(scope="module")
def figures():
    return draw(create_pipeline(), "evaluation_figures", inputs({"find": POINT}))


def test_figures_are_in_reading_order_and_subgroups_in_that_of_their_parts(figures):
    assert list(figures) == [
        "01_summary.png",
        "02_confusion_matrix.png",
        "03_roc.png",
        "04_precision_recall.png",
        "05_reliability.png",
        "06_operating_points.png",
        "07_subgroups_test.png",
        "07_subgroups_external_clinic.png",
    ]


def test_what_is_shown_is_of_the_test_split(figures):
    for name, figure in figures.items():
        if "subgroups" not in name:
            assert heading(figure)[1].startswith("Test split: 8 images of 4 groups"), name
    shown = [text for axes in figures["01_summary.png"].axes for text in texts(axes)]
    assert "0.500" in shown
    cells = texts(figures["02_confusion_matrix.png"].axes[0])
    assert cells == ["50%", "2"] * 4


def test_reliability_compares_calibrated_probabilities_with_plain_softmax(figures):
    upper, lower = figures["05_reliability.png"].axes
    lines = {line.get_label(): line.get_xdata() for line in upper.lines}
    for name, temperature in (("before", 1), ("calibrated", 2)):
        stated = np.array(lines[name])
        assert stated[~np.isnan(stated)] == pytest.approx(1 / (1 + np.exp(-4 / temperature)))
    assert [bar.get_height() for bar in lower.patches] == [0, 0, 0, 0, 8]


def test_points_are_marked_on_the_curves_and_have_a_figure(figures):
    assert points_of(panel(figures["03_roc.png"], "Melanoma")) == [(0.5, 0.75)]
    assert points_of(panel(figures["04_precision_recall.png"], "Melanoma")) == [(0.75, 0.6)]
    points = figures["06_operating_points.png"]
    assert tick_names(points.axes[0].yaxis) == ["find\nMelanoma: p ≥ 0.5000"]
    assert points_of(panel(points, "Recall")) == [(0.75, 0), (0.85, 0)]


def test_each_parts_subgroups_are_its_own(figures):
    for part, value in (("test", 0.5), ("external/clinic", 0.4)):
        figure = figures[f"07_subgroups_{part.replace('/', '_')}.png"]
        assert heading(figure)[1].startswith(f"{part}. ")
        assert points_of(panel(figure, "Accuracy")) == [(value, 0)]


def test_classes_are_called_by_the_names_that_conf_gives():
    named = inputs({}) | {"params:class_names": {"nv": "Nävus"}}
    summary = draw(create_pipeline(), "evaluation_figures", named)["01_summary.png"]
    assert any("Nävus" in name for axes in summary.axes for name in tick_names(axes.yaxis))


def test_without_operating_points_there_is_no_figure_of_them():
    figures = draw(create_pipeline(), "evaluation_figures", inputs({}))
    assert [name[:2] for name in figures] == ["01", "02", "03", "04", "05", "07", "07"]


def test_sets_have_a_figure_a_row_of_panels_for_each_part_that_was_tested():
    cells = [
        {"classes": ["mel"], "lesions": 40, "threshold": 0.6, "shared": False},
        {"classes": ["nv"], "lesions": 12, "threshold": 0.3, "shared": True},
    ]
    sets = {"coverage": 0.9, "calibration_images_chose_the_epoch": True, "cells": cells}
    given = inputs({})
    chosen = given["decision_rule"] | {"sets": sets}
    logits = given["logits"].assign(source="drawn")
    logits.loc[8:, ["split", "source"]] = ["external", "clinic"]
    band = {"value": 0.9, "low": 0.7, "high": 1.0}
    scores = {"coverage": 0.5, "mel/lesion_coverage": {"value": 0.5, "groups": 2}}
    scores |= {"set_size": 1.0, "mel/expected_coverage": band, "mel/coverage_in_band": 0.0}
    given |= {
        "logits": logits,
        "decision_rule": chosen,
        "predictions": answer(logits, DecisionRule.from_dict(chosen), CLASSES),
    }
    given["metrics"] = given["metrics"] | {"external/clinic": scores}
    given["metrics"]["test"] |= scores
    figure = draw(create_pipeline(), "evaluation_figures", given)["08_sets.png"]
    assert len(figure.axes) == 4
    assert panel(figure, "Coverage, external/clinic: 0.500 of images")
