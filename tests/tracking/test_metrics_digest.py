"""The digest that ties a model to the run that measured it."""

import json

import pytest

from dermaflow.tracking.metrics_digest import metrics_digest

METRICS = {
    "test": {
        "accuracy": {"value": 0.1 + 0.2, "low": 0.25, "high": 0.75, "groups": 7},
        "images": 9,
    },
    "val": {"accuracy": 0.5, "mel/auc": float("nan")},
}


def test_versions_that_are_registered_already_find_their_run():
    assert metrics_digest({}) == "44136fa355b3678a"  # SHA-256 of "{}"
    # Of '{"test": {"a": 0.5, "b": 1}}'.
    assert metrics_digest({"test": {"b": 1, "a": 0.5}}) == "53c84f962c15dab1"


def test_what_was_written_and_read_again_in_another_order_has_the_same_digest():
    def reverse(content):
        if not isinstance(content, dict):
            return content
        return {key: reverse(value) for key, value in reversed(content.items())}

    read = json.loads(json.dumps(reverse(METRICS)))
    assert list(read) != list(METRICS)
    assert metrics_digest(read) == metrics_digest(METRICS)


@pytest.mark.parametrize(
    "accuracy",
    [
        {"value": 0.3, "low": 0.25, "high": 0.75, "groups": 7},  # 0.1 + 0.2 is a little more
        {"value": 0.1 + 0.2, "low": 0.75, "high": 0.25, "groups": 7},
        {"value": 0.1 + 0.2, "low": 0.25, "high": 0.75, "groups": 8},
        {"value": 0.1 + 0.2, "low": 0.25, "high": 0.75},
    ],
)
def test_any_other_figure_gives_another_digest(accuracy):
    other = METRICS | {"test": METRICS["test"] | {"accuracy": accuracy}}
    assert metrics_digest(other) != metrics_digest(METRICS)


def test_the_same_figures_of_another_part_give_another_digest():
    swapped = {"test": METRICS["val"], "val": METRICS["test"]}
    assert metrics_digest(swapped) != metrics_digest(METRICS)
