"""Cross-validation, in two stages."""

from dermaflow.pipelines.crossval.pipeline import create_pipeline

__all__ = ["create_pipeline"]
