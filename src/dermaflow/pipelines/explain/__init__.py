"""The explain stage."""

from dermaflow.pipelines.explain.pipeline import create_pipeline

__all__ = ["create_pipeline"]
