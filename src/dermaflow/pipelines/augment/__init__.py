"""The augment stage."""

from dermaflow.pipelines.augment.pipeline import create_pipeline

__all__ = ["create_pipeline"]
