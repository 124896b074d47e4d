"""Wiring of the stage that tells what the folds of a cross-validation are worth."""

from kedro.pipeline import Pipeline, node, pipeline

from dermaflow.pipelines.crossval_evaluate.nodes import decide_folds, score_folds


def create_pipeline() -> Pipeline:
    """From the folds' logits to pooled predictions and metrics with intervals."""
    return pipeline(
        [
            node(
                decide_folds,
                ["crossval_logits", "crossval_folds", "params:evaluate", "classes"],
                ["crossval_rules", "crossval_predictions"],
                name="decide_folds",
            ),
            node(
                score_folds,
                {
                    "predictions": "crossval_predictions",
                    "logits": "crossval_logits",
                    "rules": "crossval_rules",
                    "folds": "crossval_folds",
                    "evaluate": "params:evaluate",
                    "classes": "classes",
                    "seed": "params:seed",
                },
                ["crossval_metrics", "crossval_table"],
                name="score_folds",
            ),
        ]
    )
