"""Estimates: what they hold, and that JSON keeps all of it."""

import json

import pytest

from dermaflow.ml.evaluation.estimate import (
    Estimate,
    parts_from_json,
    parts_to_json,
    untested_classes,
)

EXACT = 0.1 + 0.2  # 0.30000000000000004, which no rounding may touch


@pytest.mark.parametrize(
    ("estimate", "written"),
    [
        (Estimate(26), 26),
        (Estimate(0.0), 0.0),
        (Estimate(0.5, groups=7), {"value": 0.5, "groups": 7}),
        (Estimate(0.5, 0.0, 1.0), {"value": 0.5, "low": 0.0, "high": 1.0}),
        (Estimate(0.5, 0.4, EXACT, 7), {"value": 0.5, "low": 0.4, "high": EXACT, "groups": 7}),
        (Estimate(1.0, groups=2, groups_needed=9), {"value": 1, "groups": 2, "groups_needed": 9}),
        (Estimate(0.0, not_estimable=True), {"value": 0.0, "not_estimable": True}),
    ],
)
def test_json_holds_what_is_known_and_gives_it_back(estimate, written):
    assert estimate.to_json() == written
    assert Estimate.from_json(json.loads(json.dumps(written))) == estimate


def test_an_object_that_is_no_estimate_is_refused():
    with pytest.raises(TypeError, match="median"):
        Estimate.from_json({"value": 0.5, "median": 0.4})


def test_an_interval_has_two_ends():
    assert Estimate(0.5, 0.4, 0.6).interval == (0.4, 0.6)
    assert Estimate(0.5).interval is None
    assert Estimate(0.5, 0.4).interval is None


@pytest.mark.parametrize(
    ("low", "high", "excludes"),
    [
        (0.1, 0.2, True),
        (-0.2, -0.1, True),
        (-0.1, 0.1, False),
        (0.0, 0.1, False),  # an end is in the interval
        (-0.1, 0.0, False),
        (None, None, False),
    ],
)
def test_zero_is_excluded_by_an_interval_beside_it(low, high, excludes):
    assert Estimate(0.05, low, high).excludes_zero is excludes


def test_data_are_insufficient_below_the_groups_needed_and_then_nothing_is_excluded():
    estimate = Estimate(0.05, 0.01, 0.1, 9)
    assert estimate.require_groups(9) == estimate
    assert not estimate.insufficient
    assert estimate.excludes_zero
    few = estimate.require_groups(10)
    assert few == Estimate(0.05, 0.01, 0.1, 9, groups_needed=10)
    assert few.insufficient
    assert not few.excludes_zero
    assert not Estimate(26).require_groups(10).insufficient  # a count is of no groups


def test_parts_are_read_as_they_were_written():
    parts = {
        "test": {"images": Estimate(26), "mel/recall": Estimate(EXACT, 0.1, 0.6, 5)},
        "external/clinic": {"accuracy": Estimate(0.5, groups=3)},
        "val": {},
    }
    content = json.loads(json.dumps(parts_to_json(parts)))
    assert content["test"]["images"] == 26
    assert content["external/clinic"] == {"accuracy": {"value": 0.5, "groups": 3}}
    assert parts_from_json(content) == parts


def test_classes_without_an_image_are_those_of_no_support():
    scores = {
        "df/support": Estimate(0.0),
        "nv/support": Estimate(2.0),
        "df/specificity": Estimate(1.0),
    }
    assert untested_classes(scores) == ["df"]
