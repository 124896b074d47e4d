"""The register stage."""

from dermaflow.pipelines.register.pipeline import create_pipeline

__all__ = ["create_pipeline"]
