"""What the folds of a cross-validation are worth."""

from dermaflow.pipelines.crossval_evaluate.pipeline import create_pipeline

__all__ = ["create_pipeline"]
