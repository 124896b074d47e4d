"""The pipelines that ``kedro run --pipelines`` knows."""

from __future__ import annotations

from kedro.framework.project import find_pipelines
from kedro.pipeline import Pipeline, pipeline


def register_pipelines() -> dict[str, Pipeline]:
    """One pipeline a stage, and ``__default__``, which is all of them.

    Kedro imports only the stages that a command asks for. Nodes are tagged with their stage, by
    which the runner tells them apart.
    """
    found = find_pipelines(raise_errors=True)
    pipelines = {name: pipeline(stage, tags=name) for name, stage in found.items()}
    pipelines["__default__"] = sum(pipelines.values(), Pipeline([]))
    return pipelines
