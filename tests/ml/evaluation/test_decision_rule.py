"""The rule from logits to an answer."""

import json

import numpy as np
import pandas as pd
import pytest

from dermaflow.errors import ParameterError, WeightsError
from dermaflow.ml.evaluation.decision_rule import DecisionRule, Threshold, answer

LOGITS = np.random.default_rng(0).normal(scale=3, size=(50, 3)).astype(np.float32)
CLASSES = ("bcc", "mel", "nv")
VALUES = {
    "classifier": "abc",
    "views": 4,
    "temperature": 1.5,
    "class_offsets": {"mel": -0.5},
    "class_weights": {"mel": 3.0},
    "operating_points": {"sure": {"class": "mel", "recall": 0.9, "threshold": 0.25}},
    "left_out": {},
}
SETS = {
    "coverage": 0.9,
    "calibration_images_chose_the_epoch": True,
    "cells": [
        {"classes": ["nv"], "lesions": 40, "threshold": 0.6, "shared": False},
        {"classes": ["bcc", "mel"], "lesions": 12, "threshold": 0.25, "shared": True},
    ],
}


def test_probabilities_by_hand() -> None:
    logits = np.log(np.array([[1.0, 4, 9]], np.float32))
    np.testing.assert_allclose(
        DecisionRule().probabilities(logits, CLASSES), [[1 / 14, 4 / 14, 9 / 14]]
    )
    np.testing.assert_allclose(
        DecisionRule(2).probabilities(logits, CLASSES), [[1 / 6, 2 / 6, 3 / 6]]
    )


@pytest.mark.parametrize("temperature", [0.1, 0.7, 1, 5])
def test_a_temperature_changes_no_ranking_of_classes(temperature: float) -> None:
    probabilities = DecisionRule(temperature).probabilities(LOGITS, CLASSES)
    assert probabilities.dtype == np.float32
    np.testing.assert_allclose(probabilities.sum(1), 1, atol=1e-6)
    np.testing.assert_array_equal(probabilities.argsort(1), LOGITS.argsort(1))


def test_an_offset_is_a_factor_of_its_class_after_the_temperature() -> None:
    logits = 2 * np.log(np.array([[1.0, 4, 9]], np.float32))
    rule = DecisionRule(2, {"mel": np.log(3), "nv": -np.log(9)})
    np.testing.assert_allclose(rule.probabilities(logits, CLASSES), [[1 / 14, 12 / 14, 1 / 14]])
    turned = rule.probabilities(logits[:, ::-1], CLASSES[::-1])
    np.testing.assert_allclose(turned, [[1 / 14, 12 / 14, 1 / 14]])


def test_the_hotter_the_less_sure() -> None:
    sure = [DecisionRule(t).probabilities(LOGITS, CLASSES).max(1) for t in (0.5, 1, 2, 4)]
    assert (np.diff(sure, axis=0) < 0).all()


def test_large_logits_do_not_overflow() -> None:
    large = np.array([[1e4, 0, -1e4], [-1e4, -1e4, -1e4]], np.float32)
    expected = [[1, 0, 0], [1 / 3, 1 / 3, 1 / 3]]
    np.testing.assert_allclose(DecisionRule().probabilities(large, CLASSES), expected)


def test_an_image_at_the_threshold_is_called() -> None:
    rule = DecisionRule(thresholds={"sure": Threshold("mel", 0.25)})
    probabilities = np.array([[0.0, 0.25, 0.75], [0.0, 0.125, 0.875], [0.0, 1, 0]], np.float32)
    calls = rule.calls(probabilities, CLASSES)
    assert {name: called.tolist() for name, called in calls.items()} == {
        "sure": [True, False, True]
    }


def test_no_images_get_no_rows() -> None:
    rule = DecisionRule(thresholds={"sure": Threshold("mel", 0.25)})
    probabilities = rule.probabilities(np.empty((0, 3), np.float32), CLASSES)
    assert probabilities.shape == (0, 3)
    assert rule.calls(probabilities, CLASSES)["sure"].dtype == bool


def test_it_survives_json_to_the_last_digit() -> None:
    point = {"class": "mel", "threshold": float(np.float32(0.1))}
    values = VALUES | {"temperature": 1 / 3, "operating_points": {"sure": point}}
    rule = DecisionRule.from_dict(json.loads(json.dumps(values)))
    thresholds = {"sure": Threshold("mel", float(np.float32(0.1)))}
    assert rule == DecisionRule(1 / 3, {"mel": -0.5}, 4, {"mel": 3.0}, thresholds, "abc")


@pytest.mark.parametrize(
    "changes",
    [
        {"temperature": 0},
        {"temperature": float("nan")},
        {"temperature": None},
        {"views": 0},
        {"class_offsets": {"mel": float("inf")}},
        {"class_offsets": {"mel": "more"}},
        {"class_offsets": ["mel"]},
        {"class_weights": {"mel": 0}},
        {"class_weights": {"mel": float("nan")}},
        {"class_weights": ["mel"]},
        {"operating_points": {"sure": {"class": "mel"}}},
        {"operating_points": ["sure"]},
        {"sets": None},
        {"sets": {}},
        {"sets": SETS | {"coverage": 2}},
        {"sets": SETS | {"cells": [SETS["cells"][0] | {"threshold": 60}]}},
    ],
)
def test_a_damaged_rule_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(WeightsError, match="decision rule is damaged"):
        DecisionRule.from_dict(VALUES | changes)


def test_the_predicted_class_is_the_most_probable_by_weight() -> None:
    probabilities = np.array([[0.3, 0.3, 0.4], [0.5, 0.2, 0.3], [0.1, 0.1, 0.8]], np.float32)
    assert DecisionRule().predict(probabilities, CLASSES).tolist() == [2, 0, 2]
    weighted = DecisionRule(class_weights={"mel": 3.0})
    assert weighted.predict(probabilities, CLASSES).tolist() == [1, 1, 2]
    assert weighted.predict(probabilities[:, ::-1], CLASSES[::-1]).tolist() == [1, 1, 0]


@pytest.mark.parametrize("name", sorted(set(VALUES) - {"left_out"}))
def test_a_rule_is_whole(name: str) -> None:
    with pytest.raises(WeightsError, match=rf"decision rule is damaged: KeyError\('{name}'\)"):
        DecisionRule.from_dict({key: value for key, value in VALUES.items() if key != name})


def test_an_answer_is_prediction_probabilities_and_calls() -> None:
    rule = DecisionRule.from_dict(VALUES)
    table = rule.answer(LOGITS, CLASSES)
    assert list(table) == ["predicted", "p_bcc", "p_mel", "p_nv", "sure"]
    probabilities = rule.probabilities(LOGITS, CLASSES)
    np.testing.assert_array_equal(table[["p_bcc", "p_mel", "p_nv"]], probabilities)
    weighted = probabilities * [1, 3, 1]
    assert table["predicted"].tolist() == [CLASSES[place] for place in weighted.argmax(1)]
    assert table["sure"].tolist() == (probabilities[:, 1] >= 0.25).tolist()


def test_with_sets_an_answer_says_of_each_class_whether_it_may_be() -> None:
    rule = DecisionRule.from_dict(VALUES | {"sets": SETS})
    assert DecisionRule.from_dict(VALUES).sets is None
    table = rule.answer(LOGITS, CLASSES)
    members = ["in_set_bcc", "in_set_mel", "in_set_nv"]
    assert list(table) == ["predicted", "p_bcc", "p_mel", "p_nv", "sure", *members]
    assert {str(kind) for kind in table[members].dtypes} == {"bool"}
    expected = table[["p_bcc", "p_mel", "p_nv"]].to_numpy() >= [0.25, 0.25, 0.6]
    np.testing.assert_array_equal(table[members], expected)
    assert {str(kind) for kind in rule.answer(LOGITS[:0], CLASSES)[members].dtypes} == {"bool"}
    turned = rule.answer(LOGITS[:, ::-1], CLASSES[::-1])
    np.testing.assert_array_equal(turned[members], expected)


def test_sets_of_other_classes_are_refused() -> None:
    rule = DecisionRule.from_dict(VALUES | {"sets": SETS, "operating_points": {}})
    with pytest.raises(WeightsError, match="sets lack the class df"):
        rule.answer(LOGITS, ("bcc", "df", "nv"))


def test_a_tables_answer_stands_in_place_of_its_logits_row_by_row() -> None:
    rule = DecisionRule.from_dict(VALUES)
    logits = pd.DataFrame(LOGITS, columns=[f"logit_{code}" for code in CLASSES])
    logits.insert(0, "image_id", [f"i{number}" for number in range(len(logits))])
    # Some rows, in another order; two have the same index.
    some = logits.iloc[[7, 3, 9]].set_axis([3, 1, 3])
    table = answer(some, rule, list(CLASSES))
    assert table.index.tolist() == [3, 1, 3]
    assert table["image_id"].tolist() == ["i7", "i3", "i9"]
    expected = rule.answer(LOGITS[[7, 3, 9]], CLASSES)
    pd.testing.assert_frame_equal(
        table.drop(columns="image_id").reset_index(drop=True), expected, check_exact=True
    )


def test_a_table_of_other_classes_is_refused() -> None:
    logits = pd.DataFrame(LOGITS, columns=["logit_bcc", "logit_mel", "logit_df"])
    with pytest.raises(ParameterError, match=r"bcc, mel, nv are not .* \(bcc, mel, df\)"):
        answer(logits, DecisionRule(), list(CLASSES))


def test_it_is_of_one_classifier() -> None:
    rule = DecisionRule.from_dict(VALUES)
    rule.require_same("abc")
    with pytest.raises(WeightsError, match=r"for the classifier abc, but this is abd; run"):
        rule.require_same("abd")
