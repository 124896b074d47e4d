"""The evaluate stage."""

from dermaflow.pipelines.evaluate.pipeline import create_pipeline

__all__ = ["create_pipeline"]
