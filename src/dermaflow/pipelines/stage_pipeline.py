"""A stage's pipeline with its drawing, tagged so that the runner tells the two apart."""

from __future__ import annotations

from importlib import import_module

from kedro.pipeline import Pipeline, pipeline

from dermaflow.schema import DRAWINGS


def stage_pipeline(stage: str) -> Pipeline:
    """Nodes of a stage, tagged with its name, and those that draw it, tagged with theirs.

    Both are in the stage's namespace, as which kedro-viz shows them in one box. Data sets, which
    pass between stages, keep their names.
    """
    package = f"dermaflow.pipelines.{stage}"
    parts = pipeline(import_module(f"{package}.pipeline").create_pipeline(), tags=stage)
    if stage in DRAWINGS:
        drawn = import_module(f"{package}.drawing").create_pipeline()
        parts += pipeline(drawn, tags=DRAWINGS[stage])
    return pipeline(parts, namespace=stage, prefix_datasets_with_namespace=False)
