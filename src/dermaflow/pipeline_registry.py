"""The pipelines that ``kedro run --pipelines`` knows."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from kedro.framework.project import find_pipelines
from kedro.pipeline import Pipeline, pipeline

from dermaflow.errors import ParameterError
from dermaflow.schema import ALL_STAGES, EXTRAS, STAGES


def register_pipelines() -> dict[str, Pipeline]:
    """One pipeline a stage, those of EXTRAS, and ``__default__``, which is all of STAGES.

    Kedro imports only the stages that a command asks for. Nodes are tagged with their stage, by
    which the runner tells them apart.
    """
    found = find_pipelines(raise_errors=True)
    unknown = sorted(found.keys() - {*ALL_STAGES, *EXTRAS, "__default__"})
    if unknown:
        raise ParameterError(
            f"src/dermaflow/pipelines/{unknown[0]} is no stage: add it to STAGES in schema.py, "
            "where the order of the data puts it"
        )
    pipelines = {name: pipeline(stage + _drawing(name), tags=name) for name, stage in found.items()}
    chain = (pipelines[name] for name in STAGES if name in pipelines)
    pipelines["__default__"] = sum(chain, Pipeline([]))
    return pipelines


def _drawing(stage: str) -> Pipeline:
    """Nodes that draw what a stage has made; none where it has no module ``drawing``."""
    module = f"dermaflow.pipelines.{stage}.drawing"
    if stage not in ALL_STAGES or find_spec(module) is None:
        return Pipeline([])
    drawing: Pipeline = import_module(module).create_pipeline()
    return drawing
