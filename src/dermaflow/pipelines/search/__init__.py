"""Which recipe of training is best on the validation images."""

from dermaflow.pipelines.search.pipeline import create_pipeline

__all__ = ["create_pipeline"]
