"""Which MLflow runs a policy lets go, and their removal."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from mlflow import MlflowClient
from mlflow.entities import LoggedModel, Run
from mlflow.entities.model_registry import ModelVersion
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

from dermaflow.tracking.killed_run import nested_runs
from dermaflow.tracking.metrics_digest import METRICS_TAG
from dermaflow.tracking.retention_policy import RunsRetention

KEEP = "keep"  # tag that a user gives to a run that is to stay
PRUNED = "pruned"  # tag of a run whose removal has begun
MILLISECONDS_A_DAY = 24 * 3600 * 1000
_RUN_ID = re.compile(r"\b[0-9a-f]{32}\b")


@dataclass(frozen=True)
class Judged:
    """A run, and why it stays.

    Attributes:
        run: of MLflow; what is nested in it shares its fate.
        stays: the reason; empty for one that goes.
    """

    run: Run
    stays: str


def runs_of_versions(client: MlflowClient) -> dict[str, str]:
    """Id of each run that a registered version names, or its parent -> why it stays.

    A version names the run that registered it, that which measured it, and that it was judged by.
    """
    needed = dict[str, str]()
    for version in _versions(client):
        texts = [version.run_id or "", version.source or "", *map(str, version.tags.values())]
        if version.model_id:
            texts.append(client.get_logged_model(version.model_id).source_run_id or "")
        for run_id in _RUN_ID.findall(" ".join(texts)):
            needed.setdefault(run_id, f"version {version.version} of {version.name} needs it")
    return needed


def judge_runs(
    runs: Sequence[Run],
    nested: Mapping[str, Iterable[str]],
    policy: RunsRetention,
    needed: Mapping[str, str],
    digest: str | None,
) -> list[Judged]:
    """Judge the runs of one environment.

    Args:
        runs: the newest first, none of them nested.
        nested: id of a run -> ids of those nested in it.
        policy: how many stay, and for how long.
        needed: id of a run, nested or not -> why it must stay.
        digest: of the metrics that lie in the environment's data; the next version will name a run
            that made them.
    """
    seen, judged = Counter[str](), list[Judged]()
    for run in runs:
        seen[run.info.status] += 1
        family = _family(run.info.run_id, nested)
        reasons = (needed[one] for one in family if one in needed)
        stays = next(reasons, "") or _stays(run, seen[run.info.status], policy, digest)
        judged.append(Judged(run, stays))
    return judged


def _family(run_id: str, nested: Mapping[str, Iterable[str]]) -> Iterator[str]:
    yield run_id
    for below in nested.get(run_id, ()):
        yield from _family(below, nested)


def _stays(run: Run, place: int, policy: RunsRetention, digest: str | None) -> str:
    tags, status = run.data.tags, run.info.status
    rules = {"FINISHED": policy.finished, "FAILED": policy.failed, "KILLED": policy.killed}
    rule = rules.get(status)
    if rule is None:
        return "it has not ended"
    if tags.get(KEEP, "false").lower() not in ("", "false"):
        return f"it has the tag {KEEP}"
    if digest and tags.get(METRICS_TAG) == digest:
        return "it made the metrics that lie in the data"
    if PRUNED in tags:  # what is left of it is of no use
        return ""
    if place <= rule.newest:
        return f"it is among the newest {rule.newest}"
    age = time.time() * 1000 - (run.info.end_time or run.info.start_time)
    return f"it is younger than {rule.days:g} days" if age < rule.days * MILLISECONDS_A_DAY else ""


def delete_run(client: MlflowClient, run_id: str) -> int:
    """Delete a run, what is nested in it, their models and artifacts; bytes that were freed.

    MLflow keeps the figures, as it does of any deleted run, until ``mlflow gc``. A removal that was
    cut short is done again by the next.
    """
    run = client.get_run(run_id)
    if run.info.status == "RUNNING":  # it goes on since it was judged
        return 0
    client.set_tag(run_id, PRUNED, datetime.now(UTC).isoformat(timespec="seconds"))
    freed = sum(delete_run(client, one.info.run_id) for one in nested_runs(client, run_id))
    for model in _models_of(client, run):
        freed += _delete_files(str(model.artifact_location))
        client.delete_logged_model(model.model_id)
    freed += _delete_files(run.info.artifact_uri)
    client.delete_run(run_id)
    return freed


def size_of(client: MlflowClient, run: Run) -> int:
    """Bytes of a run's artifacts and models, with those of what is nested in it."""
    places = [run.info.artifact_uri, *(m.artifact_location for m in _models_of(client, run))]
    below = (size_of(client, one) for one in nested_runs(client, run.info.run_id))
    return sum(_bytes_in(str(place)) for place in places) + sum(below)


def _versions(client: MlflowClient) -> Iterator[ModelVersion]:
    token = None
    while True:
        page = client.search_model_versions(page_token=token)
        yield from page
        token = page.token
        if not token:
            return


def _models_of(client: MlflowClient, run: Run) -> list[LoggedModel]:
    return list(
        client.search_logged_models(
            [run.info.experiment_id], f"source_run_id = '{run.info.run_id}'"
        )
    )


def _delete_files(place: str) -> int:
    freed = _bytes_in(place)
    get_artifact_repository(place).delete_artifacts()
    return freed


def _bytes_in(place: str) -> int:
    repository = get_artifact_repository(place)

    def sizes(folder: str | None) -> Iterator[int]:
        for item in repository.list_artifacts(folder):
            yield from sizes(item.path) if item.is_dir else (item.file_size or 0,)

    return sum(sizes(None))


def nested_in(client: MlflowClient, experiment: str) -> dict[str, list[str]]:
    """Id of each run of an experiment that has nested ones -> their ids."""
    found = dict[str, list[str]]()
    token = None
    while True:
        page = client.search_runs([experiment], page_token=token)
        for run in page:
            parent = run.data.tags.get(MLFLOW_PARENT_RUN_ID)
            if parent:
                found.setdefault(parent, []).append(run.info.run_id)
        token = page.token
        if not token:
            return found
