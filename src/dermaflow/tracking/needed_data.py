"""Data that MLflow's runs refer to, whichever store of the project they are in."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

from mlflow import MlflowClient
from mlflow.entities import Run

from dermaflow.errors import VersioningError
from dermaflow.tracking.find_runs import existing_store
from dermaflow.tracking.run_versions import read_versions
from dermaflow.tracking.tracking_config import SQLITE_PREFIX, TrackingConfig
from dermaflow.versioning.dvc.stage_file import environments, read_conf_files


def hashes_of_runs(project_path: Path, without: Collection[str]) -> set[str]:
    """Hashes of all that `kedro restore` would bring back, of every run that is not deleted.

    Asked are the stores of all environments, and those that conf names where a variable leads
    elsewhere: the cache is the same for all.

    Args:
        project_path: root of the project.
        without: ids of runs that count as deleted.

    Raises:
        TrackingError: a store does not answer.
        VersioningError: a finished run does not say what it made.
    """
    found = set[str]()
    for client in _stores(project_path):
        for run in _runs(client):
            if run.info.run_id not in without:
                found |= _hashes(client, run)
    return found


def _hashes(client: MlflowClient, run: Run) -> set[str]:
    entries = read_versions(client, run).entries.values()
    if not entries and run.info.status == "FINISHED" and "stages" in run.data.tags:
        raise VersioningError(
            f"run {run.info.run_id} does not say which data it made (its artifacts are at "
            f"{run.info.artifact_uri}), so that nothing of DVC's cache can go: delete the run, or "
            "set cache_days: null in retention.yml"
        )
    items = (item for entry in entries for item in (*entry["outs"], *entry["deps"]))
    return {item["md5"] for item in items if item.get("md5")}


def _stores(project_path: Path) -> Iterator[MlflowClient]:
    seen = set[str]()
    for env in environments(project_path):
        config = TrackingConfig.read(read_conf_files(project_path, env))
        for uri in (config.chosen_uri, config.tracking_uri):
            resolved = config.resolve(project_path, uri)
            if resolved.tracking_uri in seen:
                continue
            seen.add(resolved.tracking_uri)
            local = resolved.tracking_uri.startswith(SQLITE_PREFIX)
            if not local or resolved.database.is_file():
                yield existing_store(resolved)


def _runs(client: MlflowClient) -> Iterator[Run]:
    """Runs of all experiments, nested ones too."""
    experiments = [one.experiment_id for one in client.search_experiments()]
    token = None
    while True:
        page = client.search_runs(experiments, page_token=token)
        yield from page
        token = page.token
        if not token:
            return
