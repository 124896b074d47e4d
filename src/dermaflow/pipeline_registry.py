"""The pipelines that ``kedro run --pipelines`` knows."""

from __future__ import annotations

from importlib import import_module

from kedro.pipeline import Pipeline

# In the order of the data; each name is a package under `dermaflow.pipelines`.
STAGES = ("ingest", "validate", "augment", "train", "evaluate", "explain", "register")


def register_pipelines() -> dict[str, Pipeline]:
    """One pipeline a stage, and ``__default__``, which is all of them."""
    pipelines = {
        stage: import_module(f"dermaflow.pipelines.{stage}").create_pipeline() for stage in STAGES
    }
    return {**pipelines, "__default__": sum(pipelines.values(), Pipeline([]))}
