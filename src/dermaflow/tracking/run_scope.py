"""What a ``kedro run`` was asked for, by the options that it was given."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from dermaflow.schema import ALL_STAGES

NAME_LENGTH = 250  # MLflow's databases keep no longer name

# Kedro's parameters of a run that take a part of its pipelines -> the word for them in a name.
_PARTS = {
    "from_nodes": "from",
    "from_inputs": "from",
    "node_names": "",
    "to_nodes": "to",
    "to_outputs": "to",
    "namespaces": "",
    "tags": "",
}


def name_run(env: str, run_params: Mapping[str, Any], part: str = "") -> str:
    """Name of a run, such as ``base: all``, ``base: train+evaluate`` or ``base: to metrics``.

    Args:
        env: its environment.
        run_params: what Kedro's hooks get of that name.
        part: what of a stage it runs, such as one fold.
    """
    # DVC tells a stage and its drawing apart by tags, which then say all.
    pipelines = [] if run_params.get("tags") else run_params.get("pipeline_names")
    parts = ["+".join(_in_order(pipelines))]
    for key, word in _PARTS.items():
        if run_params.get(key):
            parts += [word, "+".join(_in_order(run_params[key]))]
    scope = " ".join(filter(None, parts)) or "all"
    return " ".join(filter(None, [f"{env}: {scope}", part]))[:NAME_LENGTH]


def asks_for(stage: str, run_params: Mapping[str, Any], outputs: Iterable[str]) -> bool:
    """Whether a run that holds a stage was asked for it, and not only for what comes before.

    All of a pipeline is asked for by its name. Of a part, what ``--from-nodes`` begins at, and all
    that ``--nodes``, ``--to-nodes``, ``--to-outputs``, ``--namespaces`` or ``--tags`` name.

    Args:
        stage: its name.
        run_params: what Kedro's hooks get of that name.
        outputs: data sets of the stage.
    """
    named = {name for key in _PARTS for name in run_params.get(key) or ()}
    if not named or stage in (run_params.get("pipeline_names") or ()):
        return True
    return any(name in {stage, *outputs} or name.startswith(f"{stage}.") for name in named)


def _in_order(names: Iterable[str] | None) -> list[str]:
    """Names of pipelines in the order of the data; Kedro gives them in none."""
    given = set(names or ())
    known = [name for name in ALL_STAGES if name in given]
    return known + sorted(given - set(ALL_STAGES))
