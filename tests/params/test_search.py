"""What a search may try."""

import pytest
from pydantic import ValidationError

from conf_params import params_of
from dermaflow.params.search import Choices, Range


def space(**keys):
    return params_of("search", {"space": keys}).space


def test_a_range_holds_its_ends_and_no_truth_value():
    rate = space(balance={"low": 0, "high": 1})["balance"]
    assert isinstance(rate, Range)
    low, between, high = rate.examples
    assert (low, high) == (0, 1)
    assert 0 < between < 1
    held = {value: rate.holds(value) for value in (0, 0.5, 1, -0.01, 1.01)}
    assert held == {0: True, 0.5: True, 1: True, -0.01: False, 1.01: False}
    assert [rate.holds(value) for value in (True, None, "0.5")] == [False, False, False]


def test_choices_hold_what_is_listed_whatever_it_is():
    found = space(colour_constancy={"choices": [None, 6]})["colour_constancy"]
    assert isinstance(found, Choices)
    assert found.examples == [None, 6]
    assert [found.holds(value) for value in (None, 6, 6.0, 5)] == [True, True, True, False]


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ({"low": 1, "high": 1}, r"low \(1\) must be below high \(1\)"),
        ({"low": 2, "high": 1}, r"low \(2\) must be below high \(1\)"),
        ({"low": 0, "high": 1, "log": True}, "low: must be above 0 where `log` is on"),
        ({"choices": [1]}, "at least 2 items"),
    ],
)
def test_a_space_without_a_choice_is_refused(written, message):
    with pytest.raises(ValidationError, match=message):
        space(balance=written)


def test_null_takes_a_key_out_but_one_must_be_left():
    left = space(balance=None, epochs={"choices": [1, 2]})
    assert list(left) == ["epochs"]
    with pytest.raises(ValidationError, match="at least 1 item"):
        space(balance=None)


@pytest.mark.parametrize(
    ("metric", "more_is_better"),
    [("val_balanced_accuracy", True), ("val_accuracy", True), ("val_loss", False)],
)
def test_less_is_better_of_a_loss_alone(metric, more_is_better):
    assert params_of("search", {"metric": metric}).maximise is more_is_better
