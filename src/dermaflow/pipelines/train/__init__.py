"""The train stage."""

from dermaflow.pipelines.train.pipeline import create_pipeline

__all__ = ["create_pipeline"]
