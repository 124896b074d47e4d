"""Training of the folds of a cross-validation."""

from dermaflow.pipelines.crossval_train.pipeline import create_pipeline

__all__ = ["create_pipeline"]
