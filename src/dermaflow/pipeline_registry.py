"""The pipelines that ``kedro run --pipelines`` knows."""

from __future__ import annotations

from kedro.framework.project import find_pipelines
from kedro.pipeline import Pipeline

from dermaflow.errors import ParameterError
from dermaflow.pipelines.stage_pipeline import stage_pipeline
from dermaflow.schema import ALL_STAGES, EXTRAS, STAGES


def register_pipelines() -> dict[str, Pipeline]:
    """One pipeline for each stage with its drawing, those of EXTRAS, and ``__default__``.

    ``__default__`` is the chain of STAGES. Kedro imports only the stages that a command asks for.
    """
    found = find_pipelines(raise_errors=True)
    unknown = sorted(found.keys() - {*ALL_STAGES, *EXTRAS, "__default__"})
    if unknown:
        raise ParameterError(
            f"src/dermaflow/pipelines/{unknown[0]} is no stage: add it to STAGES in schema.py, "
            "where the order of the data puts it"
        )
    pipelines = {
        name: stage_pipeline(name) if name in ALL_STAGES else found[name] for name in found
    }
    chain = (pipelines[name] for name in STAGES if name in pipelines)
    pipelines["__default__"] = sum(chain, Pipeline([]))
    return pipelines
