"""What a run is named for, and what it was asked for."""

import pytest

from dermaflow.tracking.run_scope import asks_for, name_run


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        ({}, "all"),
        ({"pipeline_names": ["train", "ingest"]}, "ingest+train"),
        ({"pipeline_names": ["zz", "aa", "validate"]}, "validate+aa+zz"),
        ({"tags": ("validate_drawing",), "pipeline_names": ["validate"]}, "validate_drawing"),
        ({"node_names": ["validate.draw_samples"]}, "validate.draw_samples"),
        ({"to_outputs": ["metrics"]}, "to metrics"),
        ({"from_nodes": ["train.a"], "to_nodes": ["evaluate.b"]}, "from train.a to evaluate.b"),
        ({"namespaces": ["train"]}, "train"),
        ({"pipeline_names": ["evaluate"], "from_inputs": ["logits"]}, "evaluate from logits"),
        ({"to_outputs": ["x" * 300]}, f"to {'x' * (250 - len('smoke: to '))}"),
    ],
)
def test_a_run_is_named_for_what_it_runs_in_the_order_of_the_data(asked, name):
    assert name_run("smoke", asked) == f"smoke: {name}"


def test_a_part_of_a_stage_is_named_last():
    asked = {"pipeline_names": ["crossval_train"]}
    assert name_run("smoke", asked, "fold 2") == "smoke: crossval_train fold 2"


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, True),
        ({"pipeline_names": ["register"]}, True),
        ({"pipeline_names": ["evaluate", "register"], "from_nodes": ["evaluate.a"]}, True),
        ({"from_nodes": ["evaluate.score_predictions"]}, False),
        ({"from_inputs": ["metrics"]}, False),
        ({"from_nodes": ["evaluate.a", "register.describe_model"]}, True),
        ({"to_outputs": ["registration"]}, True),
        ({"to_outputs": ["metrics"]}, False),
        ({"node_names": ["register.register_model"]}, True),
        ({"namespaces": ["register"]}, True),
        ({"tags": ["register"]}, True),
        ({"tags": ["evaluate"]}, False),
    ],
)
def test_a_stage_is_asked_for_by_name(asked, expected):
    assert asks_for("register", asked, ["model_contract", "registration"]) is expected
