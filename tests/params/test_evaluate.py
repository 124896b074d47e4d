"""Operating points and subgroups that evaluate is asked for."""

import pytest
from pydantic import ValidationError

from conf_params import params_of


def with_point(name="mel_90", **targets):
    return params_of("evaluate", {"operating_points": {name: {"class": "mel"} | targets}})


@pytest.mark.parametrize("target", ["recall", "specificity"])
def test_an_operating_point_asks_for_one_target_up_to_all(target):
    (point,) = with_point(**{target: 1}).operating_points.values()
    assert point.class_ == "mel"
    assert {"recall": point.recall, "specificity": point.specificity} == {
        "recall": None,
        "specificity": None,
        target: 1,
    }


@pytest.mark.parametrize(
    ("targets", "message"),
    [
        ({}, "one of them"),
        ({"recall": 0.9, "specificity": 0.9}, "one of them"),
        ({"recall": 0}, "greater than 0"),
        ({"specificity": 1.01}, "less than or equal to 1"),
    ],
)
def test_an_operating_point_without_a_target_that_can_be_reached_is_refused(targets, message):
    with pytest.raises(ValidationError, match=message):
        with_point(**targets)


@pytest.mark.parametrize("name", ["labels", "p", "pmel", "logits", "x" * 64])
def test_an_operating_point_may_have_any_name_that_no_other_column_has(name):
    assert list(with_point(name, recall=0.9).operating_points) == [name]


@pytest.mark.parametrize(
    "name",
    [
        "label",
        "p_mel",
        "logit_mel",
        "in_set_mel",
        "Mel",
        "1st",
        "_mel",
        "mel-90",
        "mel 90",
        "",
        "x" * 65,
    ],
)
def test_an_operating_point_named_like_another_column_is_refused(name):
    with pytest.raises(ValidationError, match="String should"):
        with_point(name, recall=0.9)


@pytest.mark.parametrize("edges", [[], [40], [40, 60]])
def test_the_edges_of_subgroups_may_be_any_that_rise(edges):
    assert params_of("evaluate", {"subgroups.by": {"age": edges}}).subgroups.by == {"age": edges}


@pytest.mark.parametrize("edges", [[60, 40], [40, 40]])
def test_edges_that_do_not_rise_are_refused(edges):
    with pytest.raises(ValidationError, match=r"subgroups\.by\.age: edges must rise"):
        params_of("evaluate", {"subgroups.by": {"sex": [], "age": edges}})


@pytest.mark.parametrize("key", ["coverage", "least"])
@pytest.mark.parametrize("value", [0, -1])
def test_sets_that_hold_nothing_are_refused(key, value):
    with pytest.raises(ValidationError, match=rf"sets\.{key}\n.* greater than 0"):
        params_of("evaluate", {f"sets.{key}": value})
    with pytest.raises(ValidationError, match="less than 1"):
        params_of("evaluate", {"sets.coverage": 1})
