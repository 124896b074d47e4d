"""The pipelines that ``kedro run --pipelines`` knows."""

from __future__ import annotations

from kedro.framework.project import find_pipelines
from kedro.pipeline import Pipeline


def register_pipelines() -> dict[str, Pipeline]:
    """One pipeline a stage, and ``__default__``, which is all of them.

    Kedro imports only the stages that a command asks for.
    """
    pipelines = find_pipelines(raise_errors=True)
    pipelines["__default__"] = sum(pipelines.values(), Pipeline([]))
    return pipelines
