"""The rule that validation images choose: prevalences, weights, and thresholds by hand."""

import numpy as np
import pandas as pd
import pytest

from conf_params import params_of
from dermaflow.ml.evaluation.choose_rule import (
    choose_points,
    choose_rule,
    count_prevalences,
    offset_classes,
    targets_of,
    weigh_classes,
)
from dermaflow.ml.evaluation.decision_rule import DecisionRule, answer
from dermaflow.ml.evaluation.operating_points import Target
from dermaflow.ml.evaluation.predictions import Predictions

CLASSES = ["df", "mel", "nv"]
IMAGES = 4000
SHARES = {"mel": 0.2, "nv": 0.8}
POINTS = {
    "find": {"class": "mel", "recall": 0.75},
    "spare": {"class": "mel", "specificity": 0.9},
}


def evaluate(**changes):
    return params_of("evaluate", {"operating_points": POINTS} | changes)


@pytest.fixture(scope="module")
def val():
    """Logits twice too large, of a network that takes classes for equally frequent; none is df."""
    rng = np.random.default_rng(0)
    labels = rng.choice([1, 2], IMAGES, p=[0.2, 0.8])
    features = rng.normal(size=IMAGES) + np.where(labels == 1, 1.0, -1.0)  # log odds: 2 x
    logits = 2 * np.stack([np.full(IMAGES, -9.0), features, -features], 1)
    return pd.DataFrame(logits, columns=[f"logit_{code}" for code in CLASSES]).assign(
        label=np.array(CLASSES)[labels],
        image_id=[f"i{number}" for number in range(IMAGES)],
        group_id=[f"g{number}" for number in range(IMAGES)],
        split="val",
    )


def test_prevalences_are_in_the_order_of_the_classes_and_none_is_zero():
    found = count_prevalences(pd.Series(["nv", "mel", "nv"]), CLASSES)
    assert list(found.items()) == [("df", 1 / 4), ("mel", 1 / 4), ("nv", 2 / 4)]


def test_offsets_are_logarithms_of_prevalences_to_the_exponent():
    assert offset_classes(SHARES, 0.5) == {
        "mel": pytest.approx(0.5 * np.log(0.2)),
        "nv": pytest.approx(0.5 * np.log(0.8)),
    }
    assert offset_classes(SHARES, 0) == {}


def test_weights_favour_what_is_rare():
    assert weigh_classes(SHARES, 1) == {"mel": pytest.approx(5), "nv": pytest.approx(1.25)}
    assert weigh_classes(SHARES, 0.5)["mel"] == pytest.approx(5**0.5)
    assert weigh_classes(SHARES, 0) == {}


def test_a_point_asks_for_what_conf_says():
    assert targets_of(evaluate()) == {
        "find": Target("mel", "recall", 0.75),
        "spare": Target("mel", "specificity", 0.9),
    }


def of_scores(melanomas, others):
    scores = np.array([*melanomas, *others])
    labels = np.array([0] * len(melanomas) + [1] * len(others))
    groups = np.arange(len(scores)).astype(str)
    return Predictions(("mel", "nv"), labels, np.stack([scores, 1 - scores], 1), groups)


def test_points_say_what_they_reach_and_why_others_are_left_out():
    predictions = of_scores([0.9, 0.7, 0.2], [0.8, 0.5, 0.3, 0.1])
    targets = {
        "find": Target("mel", "recall", 0.5),
        "spare": Target("mel", "specificity", 0.75),
        "other": Target("bcc", "recall", 0.5),
    }
    points, left_out = choose_points(predictions, targets)
    assert points == {
        "find": {
            "class": "mel",
            "recall": 0.5,
            "threshold": 0.7,
            "validation": {"recall": 2 / 3, "specificity": 0.75, "precision": 2 / 3},
        },
        "spare": {
            "class": "mel",
            "specificity": 0.75,
            "threshold": 0.7,
            "validation": {"recall": 2 / 3, "specificity": 0.75, "precision": 2 / 3},
        },
    }
    assert left_out == {"other": "there is no class bcc among mel, nv"}


def test_what_is_undefined_on_validation_is_not_among_what_was_reached():
    points, _ = choose_points(of_scores([0.9, 0.7], []), {"find": Target("mel", "recall", 1)})
    assert points["find"]["validation"] == {"recall": 1, "precision": 1}  # there are no others


@pytest.mark.parametrize("calibration", ["temperature", "prevalence"])
def test_thresholds_are_of_the_probabilities_that_the_whole_rule_gives(val, calibration):
    """Of a temperature alone, or of no calibration, other images would be called."""
    chosen = choose_rule(val, CLASSES, evaluate(calibration=calibration), views=4)
    rule = DecisionRule.from_dict(chosen | {"classifier": "c"})
    table = answer(val, rule, CLASSES)
    melanoma = table["label"] == "mel"
    for name, point in chosen["operating_points"].items():
        assert (table["p_mel"] == point["threshold"]).any()  # one that occurs
        assert point["validation"]["recall"] == pytest.approx(table[name][melanoma].mean())
        assert point["validation"]["specificity"] == pytest.approx((~table[name])[~melanoma].mean())
    assert chosen["operating_points"]["find"]["validation"]["recall"] >= 0.75
    assert chosen["operating_points"]["spare"]["validation"]["specificity"] >= 0.9


def test_what_was_put_into_the_logits_is_found_and_told(val):
    plain, told = (
        choose_rule(val, CLASSES, evaluate(calibration=calibration), views=4)
        for calibration in ("temperature", "prevalence")
    )
    counts = val["label"].value_counts()
    assert told["chosen_on"] == {
        "split": "val",
        "images": IMAGES,
        "prevalences": {code: counts.get(code, 1) / (IMAGES + 1) for code in CLASSES},
    }
    assert told["views"] == 4
    assert told["temperature"] == pytest.approx(2, rel=0.1)
    assert told["prior_exponent"] == pytest.approx(1, abs=0.1)
    prevalences = told["chosen_on"]["prevalences"]
    assert told["class_offsets"] == offset_classes(prevalences, told["prior_exponent"])
    assert (plain["prior_exponent"], plain["class_offsets"]) == (0, {})
    assert plain["temperature"] != told["temperature"]
    assert plain["temperature_is_fitted"] is told["temperature_is_fitted"] is True


def test_weights_of_the_answer_move_no_threshold(val):
    plain, adjusted = (
        choose_rule(val, CLASSES, evaluate(logit_adjustment=tau), views=1) for tau in (0, 1)
    )
    prevalences = adjusted["chosen_on"]["prevalences"]
    assert adjusted["class_weights"] == weigh_classes(prevalences, 1)
    assert (plain["class_weights"], plain["logit_adjustment"]) == ({}, 0)
    assert adjusted["operating_points"] == plain["operating_points"]


def test_where_no_temperature_is_best_it_stays_one_and_that_is_said(val, caplog):
    right = val.assign(logit_mel=np.where(val["label"] == "mel", 3.0, -3.0), logit_nv=0.0)
    chosen = choose_rule(right, CLASSES, evaluate(calibration="prevalence"), views=1)
    assert (chosen["temperature"], chosen["temperature_is_fitted"]) == (1, False)
    assert (chosen["prior_exponent"], chosen["class_offsets"]) == (0, {})
    assert "No temperature makes the validation labels most likely" in caplog.text


def test_why_a_point_is_left_out_is_logged(val, caplog):
    points = {"rare": {"class": "df", "recall": 0.5}}
    chosen = choose_rule(val, CLASSES, evaluate(operating_points=points), views=1)
    assert chosen["operating_points"] == {}
    assert chosen["left_out"] == {"rare": "no validation image is of df"}
    assert "Operating point rare is left out: no validation image is of df" in caplog.text
