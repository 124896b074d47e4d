"""The ingest stage."""

from dermaflow.pipelines.ingest.pipeline import create_pipeline

__all__ = ["create_pipeline"]
