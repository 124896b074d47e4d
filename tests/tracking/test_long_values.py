"""What MLflow is given of keys and values that are too long for it."""

import json

import pytest

from dermaflow.tracking.long_values import cut_key, cut_parameters, cut_tags


@pytest.mark.parametrize("length", [0, 5999, 6000])
def test_a_value_that_fits_is_given_whole_and_needs_no_artifact(length):
    assert cut_parameters({"a": "x" * length}) == ({"a": "x" * length}, {})


def test_a_value_that_does_not_fit_says_where_it_is_whole():
    leaves = {"long": ["ü"] * 2000, "short": None}
    cut, whole = cut_parameters(leaves)
    assert len(cut["long"]) == 6000
    assert cut["long"].startswith("['ü', 'ü'")
    assert cut["long"].endswith(", whole in parameters.json]")
    assert f"cut: {len(str(leaves['long']))} characters" in cut["long"]
    assert cut["short"] == "None"
    assert json.loads(whole["parameters.json"]) == leaves


def test_values_that_differ_only_beyond_the_limit_still_differ():
    texts = ["x" * 7000 + end for end in ("", "y", "z")]
    given = [cut_parameters({"a": text})[0]["a"] for text in texts]
    assert len(set(given)) == 3
    assert given == [cut_parameters({"a": text})[0]["a"] for text in texts]


def test_keys_that_are_too_long_stay_apart():
    keys = ["k" * 250, *("k" * 250 + end for end in "ab")]
    cut, whole = cut_parameters(dict.fromkeys(keys, 1))
    assert len(cut) == 3
    assert {len(key) for key in cut} == {250}
    assert cut_key(keys[0]) == keys[0]
    assert json.loads(whole["parameters.json"]) == dict.fromkeys(keys, 1)


def test_each_tag_that_is_cut_has_a_file_of_its_own():
    tags = {"command": "c" * 5001, "env": "smoke", "a/b": "d" * 6000, "e" * 251: "f"}
    cut, whole = cut_tags(tags)
    assert {len(value) for value in cut.values()} == {5000, len("smoke"), 1}
    assert whole["tags/command.txt"] == tags["command"]
    assert whole["tags/a_b.txt"] == tags["a/b"]
    assert len(whole) == 3
    assert f"{'e' * 251}\nf" in whole.values()


def test_text_that_is_no_unicode_can_be_cut():
    assert len(cut_tags({"error": "\udcff" * 6000})[0]["error"]) == 5000
