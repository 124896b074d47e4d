"""What a version must show: floors by value or lower bound, and nothing taken for granted."""

from dataclasses import replace

import pytest

from conf_params import params_of
from dermaflow.ml.evaluation.estimate import Estimate
from dermaflow.registry.gates import Facts, judge

GOOD = Facts(
    run_id="r",
    scores={
        "balanced_accuracy": Estimate(0.7, 0.64, 0.75),
        "macro_auc": Estimate(0.95, 0.94, 0.96),
        "mel/recall": Estimate(0.5, 0.4, 0.6),
    },
    groups_across_splits=0,
    broken=0,
    version_data="d1",
    run_data="d1",
    env="base",
    confidence=0.95,
    resamples=1000,
)
EVALUATE = params_of("evaluate", {"bootstrap_samples": 1000, "confidence": 0.95})


def ask(*, judged_by="lower_bound", required=True, **floors):
    floors = {"balanced_accuracy": 0.64, "macro_auc": 0.9, "melanoma_recall": 0.3} | floors
    names = ("no_group_crosses_splits", "validation_passed", "same_environment")
    require = dict.fromkeys(names, required)
    return params_of("promote", {"judged_by": judged_by, "floors": floors, "require": require})


def failed(facts, promote):
    return {
        check.name: check.found
        for check in judge(facts, promote, EVALUATE, "base")
        if not check.passed
    }


def test_a_floor_that_is_just_reached_is_reached():
    assert failed(GOOD, ask()) == {}
    names = [check.name for check in judge(GOOD, ask(), EVALUATE, "base")]
    assert names == [
        "balanced_accuracy",
        "macro_auc",
        "melanoma_recall",
        "intervals",
        "no_group_crosses_splits",
        "validation_passed",
        "same_environment",
        "data_version",
    ]


def test_a_mean_that_leaves_a_class_out_reaches_no_floor():
    scores = {**GOOD.scores, "df/support": Estimate(0.0), "nv/support": Estimate(9.0)}
    assert failed(replace(GOOD, scores=scores), ask()) == {
        "balanced_accuracy": "unknown for df, 0.640 asked",
        "macro_auc": "unknown for df, 0.900 asked",
    }


def test_the_lower_bound_is_stricter_than_the_value():
    assert failed(GOOD, ask(balanced_accuracy=0.7, judged_by="value")) == {}
    found = failed(GOOD, ask(balanced_accuracy=0.7))
    assert found == {"balanced_accuracy": "0.640 < 0.700"}


def test_all_that_fails_is_listed():
    found = failed(GOOD, ask(balanced_accuracy=0.9, melanoma_recall=0.9))
    assert list(found) == ["balanced_accuracy", "melanoma_recall"]


@pytest.mark.parametrize("figure", [None, Estimate(0.99), Estimate(float("nan"), float("nan"), 1)])
def test_a_missing_figure_or_bound_fails_even_a_floor_of_zero(figure):
    scores = {k: v for k, v in GOOD.scores.items() if k != "mel/recall"}
    if figure:
        scores["mel/recall"] = figure
    found = failed(replace(GOOD, scores=scores), ask(melanoma_recall=0))
    assert found == {"melanoma_recall": "missing, 0.000 asked"}


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"confidence": 0.01}, "0.01 of 1000 < 0.95 of 1000"),
        ({"resamples": 1}, "0.95 of 1 < 0.95 of 1000"),
        ({"resamples": None}, "missing, 0.95 of 1000 asked"),
    ],
)
def test_lower_ends_of_narrower_intervals_do_not_count(changes, found):
    facts = replace(GOOD, **changes)
    assert failed(facts, ask()) == {"intervals": found}
    assert failed(facts, ask(judged_by="value")) == {}


def test_floors_of_an_operating_point_are_floors_like_others():
    floors = {"mel_recall_90": {"recall": 0.8, "specificity": 0.6}, "gone": {"precision": 0}}
    scores = GOOD.scores | {
        "mel_recall_90/recall": Estimate(0.9, 0.8, 0.95),
        "mel_recall_90/specificity": Estimate(0.65, 0.55, 0.75),
    }
    found = failed(replace(GOOD, scores=scores), ask(operating_points=floors))
    assert found == {
        "mel_recall_90_specificity": "0.550 < 0.600",
        "gone_precision": "missing, 0.000 asked",
    }


def test_a_floor_that_conf_leaves_out_is_not_asked():
    scores = {k: v for k, v in GOOD.scores.items() if k != "mel/recall"}
    assert failed(replace(GOOD, scores=scores), ask(melanoma_recall=None)) == {}


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"groups_across_splits": 1}, "no_group_crosses_splits"),
        ({"groups_across_splits": None}, "no_group_crosses_splits"),
        ({"broken": 2}, "validation_passed"),
        ({"broken": None}, "validation_passed"),
        ({"env": "smoke"}, "same_environment"),
        ({"env": None}, "same_environment"),
    ],
)
def test_requirements_fail_when_broken_or_unknown_unless_not_asked(changes, name):
    assert list(failed(replace(GOOD, **changes), ask())) == [name]
    assert failed(replace(GOOD, **changes), ask(required=False)) == {}


@pytest.mark.parametrize(
    ("model", "figures", "found"),
    [
        ("d1", "d2", "d2 != d1"),
        (None, "d1", "d1 != missing"),
        ("d1", None, "missing != d1"),
        (None, None, "missing != missing"),
    ],
)
def test_figures_must_be_of_the_models_data(model, figures, found):
    facts = replace(GOOD, version_data=model, run_data=figures)
    assert failed(facts, ask(required=False)) == {"data_version": found}
