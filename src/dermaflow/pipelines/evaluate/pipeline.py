"""Wiring of the evaluate stage."""

from kedro.pipeline import Pipeline, node, pipeline

from dermaflow.ml.evaluation.subgroups import score_subgroups
from dermaflow.pipelines.evaluate.nodes import (
    apply_decision_rule,
    choose_decision_rule,
    describe_training_images,
    predict_held_out,
    score_predictions,
)


def create_pipeline() -> Pipeline:
    """From the classifier and the held-out images to decision rule, predictions and metrics."""
    decided = ["predictions", "logits", "decision_rule"]
    images = ["classifier", "manifest", "image_store"]
    nodes = [
        node(
            describe_training_images,
            inputs=[*images, "params:evaluate", "params:seed"],
            outputs="feature_space",
            name="describe_training_images",
        ),
        node(
            predict_held_out,
            inputs=[*images, "feature_space", "params:evaluate"],
            outputs="logits",
            name="predict_held_out",
        ),
        node(
            choose_decision_rule,
            inputs=["logits", "classifier", "feature_space", "params:evaluate"],
            outputs="decision_rule",
            name="choose_decision_rule",
        ),
        node(
            apply_decision_rule,
            inputs=["logits", "decision_rule", "classes"],
            outputs="predictions",
            name="apply_decision_rule",
        ),
        node(
            score_predictions,
            inputs=[*decided, "params:evaluate", "classes", "params:seed"],
            outputs="metrics",
            name="score_predictions",
        ),
        node(
            score_subgroups,
            inputs=["predictions", "manifest", "params:evaluate", "classes", "params:seed"],
            outputs="subgroups",
            name="score_subgroups",
        ),
    ]
    return pipeline(nodes)
