"""Wiring of the register stage."""

from kedro.pipeline import Pipeline, node, pipeline

from dermaflow.pipelines.register.nodes import (
    describe_model,
    gather_evidence,
    register_model,
)


def create_pipeline() -> Pipeline:
    """From weights and metrics to a version in MLflow's model registry."""
    measured = ["metrics", "decision_rule"]
    return pipeline(
        [
            node(
                describe_model,
                [
                    "classifier",
                    "manifest",
                    "synthetic_manifest",
                    *measured,
                    "params:register",
                    "params:class_names",
                ],
                "model_contract",
            ),
            node(
                gather_evidence,
                [
                    "manifest",
                    "predictions",
                    "metrics",
                    "split_report",
                    "validation_report",
                    "params:evaluate",
                    "classes",
                ],
                ["evidence_figures", "evidence_images"],
            ),
            node(
                register_model,
                [
                    "classifier",
                    "model_contract",
                    *measured,
                    "evidence_figures",
                    "evidence_images",
                    "params:register",
                ],
                "registration",
            ),
        ]
    )
