"""Nested mappings under dotted keys."""

import pytest

from dermaflow.params.dotted_keys import differing_keys, nest


def test_values_that_differ_are_named_by_their_dotted_keys():
    old = {"a": {"b": 1, "c": [1, 2], "e": {"f": 0}}, "d": 1, "gone": 3}
    new = {"a": {"b": 2, "c": [1, 2], "e": {"f": 1}}, "d": {"e": 1}, "new": 0}
    assert differing_keys(old, new) == ["a.b", "a.e.f", "d", "gone", "new"]


@pytest.mark.parametrize("new", [{"a": {"b": 1}}, {"a": {"b": 1, "c": None}}])
def test_nothing_differs_between_equals_and_none_is_as_good_as_absent(new):
    assert differing_keys({"a": {"b": 1}}, new) == []


def test_keys_that_hold_dots_or_nothing_are_compared_as_they_are():
    assert differing_keys({"": "1", "a.csv": "2"}, {"": "0", "a.csv": "2"}) == [""]


def test_values_become_the_tree_of_a_file():
    values = {"loss.focal_gamma": 2.0, "loss.label_smoothing": 0.1, "balance": 0.3}
    assert nest(values) == {
        "loss": {"focal_gamma": 2.0, "label_smoothing": 0.1},
        "balance": 0.3,
    }


def test_values_are_laid_over_a_copy_of_a_tree():
    tree = {"a": {"b": {"c": 1, "d": 2}}, "e": 3}
    assert nest({"a.b.c": 9, "f": 4}, tree) == {"a": {"b": {"c": 9, "d": 2}}, "e": 3, "f": 4}
    assert tree == {"a": {"b": {"c": 1, "d": 2}}, "e": 3}
