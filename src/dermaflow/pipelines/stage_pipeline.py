"""A stage's pipeline with its drawing, tagged so that the runner tells the two apart."""

from __future__ import annotations

from importlib import import_module

from kedro.pipeline import Pipeline, pipeline

from dermaflow.schema import DRAWINGS


def stage_pipeline(stage: str) -> Pipeline:
    """Nodes of a stage, tagged with its name, and those that draw it, tagged with theirs."""
    package = f"dermaflow.pipelines.{stage}"
    made = pipeline(import_module(f"{package}.pipeline").create_pipeline(), tags=stage)
    if stage not in DRAWINGS:
        return made
    drawn = import_module(f"{package}.drawing").create_pipeline()
    return made + pipeline(drawn, tags=DRAWINGS[stage])
