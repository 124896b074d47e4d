"""Risk and coverage in closed form."""

import numpy as np
import pandas as pd
import pytest

from conf_params import params_of
from dermaflow.ml.evaluation.predictions import Predictions
from dermaflow.ml.evaluation.risk_coverage import measure_abstention, name_reason, trace_risk

CLASSES = ["mel", "nv"]
EVALUATE = params_of("evaluate", {"confidence": 0.95, "least_groups": 3})


def table(labels, confidences, predicted, reasons=None):
    """Predictions of two classes, an image a group."""
    p_mel = [c if code == "mel" else 1 - c for code, c in zip(predicted, confidences, strict=True)]
    rows = pd.DataFrame(
        {"label": labels, "predicted": predicted, "p_mel": p_mel, "p_nv": 1 - np.array(p_mel)}
    )
    rows["group_id"] = [f"g{number}" for number in range(len(rows))]
    if reasons is not None:
        rows["reason"], rows["abstain"] = reasons, [reason != "" for reason in reasons]
    return rows


def traced(*columns):
    return trace_risk(Predictions.from_table(table(*columns), CLASSES))


def test_a_curve_adds_the_surest_image_first():
    curve = traced(["mel", "nv", "nv", "mel"], [0.6, 0.9, 0.7, 0.8], ["mel", "nv", "mel", "nv"])
    np.testing.assert_allclose(curve.coverage, [0.25, 0.5, 0.75, 1])
    np.testing.assert_allclose(curve.error, [0, 1 / 2, 2 / 3, 1 / 2])
    # Recalls: nv 1; nv 1, mel 0; nv 1/2, mel 0; nv 1/2, mel 1/2.
    np.testing.assert_allclose(curve.balanced_error, [0, 0.5, 0.75, 0.5])
    assert curve.area == pytest.approx((0 + 1 / 2 + 2 / 3 + 1 / 2) / 4)


def test_images_that_are_equally_sure_are_answered_together():
    curve = traced(["mel", "nv", "nv"], [0.75, 0.75, 0.9375], ["mel", "mel", "nv"])
    np.testing.assert_allclose(curve.coverage, [1 / 3, 1])
    np.testing.assert_allclose(curve.error, [0, 1 / 3])


def test_the_end_of_the_curve_is_the_error_of_all_images():
    rng = np.random.default_rng(0)
    labels, predicted = (rng.choice(CLASSES, 200) for _ in range(2))
    curve = traced(labels, rng.uniform(0.5, 1, 200), predicted)
    assert curve.coverage[-1] == 1
    assert curve.error[-1] == pytest.approx((labels != predicted).mean())
    recalls = [(predicted[labels == code] == code).mean() for code in CLASSES]
    assert curve.balanced_error[-1] == pytest.approx(1 - np.mean(recalls))


def test_one_image_is_a_curve():
    curve = traced(["mel"], [0.9], ["nv"])
    assert (curve.coverage.tolist(), curve.error.tolist()) == ([1], [1])
    assert curve.area == 1


def test_each_class_is_told_what_abstention_costs_it():
    rows = table(
        ["mel"] * 4 + ["nv"] * 6,
        [0.9] * 10,
        ["mel", "mel", "nv", "nv"] + ["nv"] * 6,
        ["uncertain", "", "uncertain", ""] + [""] * 5 + ["out of distribution"],
    )
    estimates = measure_abstention(rows, CLASSES, EVALUATE)
    found = {name: estimate.value for name, estimate in estimates.items()}
    del found["aurc"]
    assert found == pytest.approx(
        {
            "abstained": 0.3,
            "abstained/out_of_distribution": 0.1,
            "abstained/uncertain": 0.2,
            "answered/accuracy": 6 / 7,
            "answered/balanced_accuracy": 0.75,
            "mel/abstained": 0.5,
            "mel/recall_answered": 0.5,
            "mel/recall_abstained_missed": 0.25,
            "nv/abstained": 1 / 6,
            "nv/recall_answered": 1,
            "nv/recall_abstained_missed": 5 / 6,
        }
    )
    assert estimates["mel/abstained"].groups == 4
    assert estimates["mel/recall_answered"].groups == 2
    assert estimates["answered/accuracy"].groups == 7
    assert estimates["mel/abstained"].interval == pytest.approx((0.150, 0.850), abs=5e-4)  # Wilson
    assert estimates["answered/balanced_accuracy"].interval is not None
    few = {name for name, estimate in estimates.items() if estimate.insufficient}
    assert few == {"mel/recall_answered"}


def test_what_is_of_no_image_is_left_out():
    rows = table(["mel"] * 2, [0.9] * 2, ["mel"] * 2, ["uncertain"] * 2)
    names = set(measure_abstention(rows, CLASSES, EVALUATE))
    kept = {"abstained", "abstained/uncertain", "mel/abstained", "mel/recall_abstained_missed"}
    assert names == {"aurc"} | kept


def test_a_rule_that_never_abstains_has_its_curve_alone():
    assert set(measure_abstention(table(["mel"], [0.9], ["mel"]), CLASSES, EVALUATE)) == {"aurc"}


def test_reasons_are_names_of_metrics():
    assert name_reason("unreadable: not skin") == "unreadable_not_skin"
