"""Finished runs: the store they are in, how to name one, and what they left there."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import get_close_matches
from typing import TypeVar

from mlflow import MlflowClient
from mlflow.entities import Run
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

from dermaflow.errors import RunLookupError
from dermaflow.tracking.artifact_place import follow_project
from dermaflow.tracking.store_answer import require_answer
from dermaflow.tracking.tracking_config import SQLITE_PREFIX, TrackingConfig

T = TypeVar("T")

_LATEST = re.compile(r"latest(?:~(\d+))?")
_ID_DIGITS = 8  # of an id, shown where one is meant to be typed
_SHOWN = 3  # runs named in an error


def existing_store(config: TrackingConfig) -> MlflowClient:
    """A client of the store that ``config`` (resolved) names.

    Raises:
        RunLookupError: the SQLite file does not exist; MLflow would make an empty one.
        TrackingError: the store does not answer; see ``require_answer``.
    """
    is_file = config.tracking_uri.startswith(SQLITE_PREFIX)
    if is_file and not config.database.is_file():
        raise RunLookupError(f"there is no tracking store {config.database}; `kedro run` makes it")
    require_answer(config.tracking_uri)
    client = MlflowClient(config.tracking_uri)
    experiment = client.get_experiment_by_name(config.experiment) if config.own_folder else None
    if experiment:
        follow_project(config, experiment.artifact_location)
    return client


def list_runs(client: MlflowClient, experiment: str) -> list[Run]:
    """Runs of an experiment that are not deleted or nested, the newest first.

    Raises:
        RunLookupError: there is no such experiment.
    """
    found = client.get_experiment_by_name(experiment)
    if found is None:
        raise RunLookupError(
            f"the tracking store has no experiment {experiment!r} (mlflow.yml); "
            "`kedro run` makes it"
        )
    runs: list[Run] = []
    token = None
    while True:
        page = client.search_runs(
            [found.experiment_id], order_by=["attributes.start_time DESC"], page_token=token
        )
        runs += (run for run in page if MLFLOW_PARENT_RUN_ID not in run.data.tags)
        token = page.token
        if not token:
            return runs


def find_runs(client: MlflowClient, experiment: str, names: Sequence[str]) -> list[Run]:
    """The runs that a user means, of an experiment; by id or name also those of any other.

    Raises:
        RunLookupError: a name fits no run, or several.
    """
    known = {found.name for found in client.search_experiments()}
    own = list_runs(client, experiment) if experiment in known else []
    others: list[Run] | None = None
    found = []
    for name in names:
        among = own
        if not (_LATEST.fullmatch(name) or _fitting(name, own)):
            if others is None:
                elsewhere = sorted(known - {experiment})
                others = [run for other in elsewhere for run in list_runs(client, other)]
            among = others if _fitting(name, others) else own
        found.append(find_run(name, among or list_runs(client, experiment)))
    return found


def find_run(name: str, runs: Sequence[Run]) -> Run:
    """The run that a user means.

    Args:
        name: a run's id or its first digits, its name if no other run has it, or ``latest``, which
            ``latest~1`` is the run before.
        runs: to choose from, the newest first.

    Raises:
        RunLookupError: none fits, or several do.
    """
    latest = _LATEST.fullmatch(name)
    if latest:
        back = int(latest[1] or 0)
        if back < len(runs):
            return runs[back]
        raise RunLookupError(f"{name}: there are only {len(runs)} runs; {_suggest(name, runs)}")
    found = _fitting(name, runs)
    if len(found) == 1:
        return found[0]
    if found:
        ids = ", ".join(_describe(run) for run in found[:_SHOWN])
        more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        raise RunLookupError(f"{name!r} may be any of {len(found)} runs: {ids}{more}; give an id")
    raise RunLookupError(f"no run goes by {name!r}; {_suggest(name, runs)}")


def _fitting(name: str, runs: Sequence[Run]) -> list[Run]:
    """Runs whose id begins so; where there is none, those of that name."""
    found = [run for run in runs if name and run.info.run_id.startswith(name.lower())]
    return found or [run for run in runs if run.info.run_name == name]


def _suggest(name: str, runs: Sequence[Run]) -> str:
    """Runs of a similar name or id, else the newest ones, and how to see them all."""
    by_name: dict[str, Run] = {}
    for run in reversed(runs):  # so that the newest keeps a name that many have
        by_name |= {run.info.run_name: run, run.info.run_id[: len(name) or None]: run}
    near = [by_name[key] for key in get_close_matches(name, list(by_name), _SHOWN)]
    named = ", ".join(_describe(run) for run in near or runs[:_SHOWN]) or "none"
    return f"{'near' if near else 'newest'}: {named} (`make ui` lists all)"


def _describe(run: Run) -> str:
    return f"{run.info.run_id[:_ID_DIGITS]} ({run.info.run_name})"
