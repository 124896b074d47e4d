"""What `kedro prune` is about to remove, and why the rest stays."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mlflow import MlflowClient

from dermaflow.errors import RunningError
from dermaflow.io.text import readable_size
from dermaflow.params.check import read_config
from dermaflow.tracking.artifact_place import require_own_place
from dermaflow.tracking.find_runs import existing_store, list_runs
from dermaflow.tracking.metrics_digest import metrics_digest
from dermaflow.tracking.needed_data import hashes_of_runs
from dermaflow.tracking.prune_runs import (
    Judged,
    delete_run,
    judge_runs,
    nested_in,
    runs_of_versions,
    size_of,
)
from dermaflow.tracking.retention_policy import Retention
from dermaflow.tracking.tracking_config import TrackingConfig
from dermaflow.versioning.dvc.dvc_stage import dvc_root
from dermaflow.versioning.dvc.internals import open_repository
from dermaflow.versioning.dvc.leftovers import holding
from dermaflow.versioning.dvc.prune_cache import SECONDS_A_DAY, UnusedObjects, find_unused
from dermaflow.versioning.dvc.stage_file import environments, read_conf_files
from dermaflow.versioning.stages.stage_locks import holding_all
from dermaflow.versioning.stages.stage_records import RECORDS

_WORKING_FOLDER = "WorkingFolderDataset"


@dataclass
class Plan:
    """What goes.

    Attributes:
        project_path: root of the project.
        client: of the store.
        env: the environment.
        runs: its runs, those that stay among them.
        sizes: id of a run that goes -> bytes.
        folders: of checkpoints that go, from the root -> bytes.
        cache: objects that go; None where the cache is left alone.
        left_alone: why; empty where it is not.
    """

    project_path: Path
    client: MlflowClient
    env: str
    runs: list[Judged]
    sizes: Mapping[str, int]
    folders: Mapping[Path, int]
    cache: UnusedObjects | None
    left_alone: str

    @property
    def removes(self) -> bool:
        """Whether anything goes."""
        return bool(self.sizes or self.folders or (self.cache and self.cache.files))

    def lines(self) -> Iterator[str]:
        """For people: each run, then all else."""
        for judged in self.runs:
            info = judged.run.info
            ended = datetime.fromtimestamp((info.end_time or info.start_time) / 1000, UTC)
            said = judged.stays or readable_size(self.sizes[info.run_id])
            kept = "stays" if judged.stays else "goes "
            name = f"{info.run_id[:8]} {ended:%Y-%m-%d} {info.status}"
            yield f"{kept} run {name} {info.run_name}: {said}"
        for folder, freed in self.folders.items():
            yield f"goes  {folder}: {readable_size(freed)}"
        going, size = len(self.sizes), readable_size(sum(self.sizes.values()))
        yield f"runs of {self.env}: {len(self.runs) - going} stay, {going} go ({size})"
        if self.cache:
            cache, size = self.cache, readable_size(self.cache.size)
            yield f"DVC's cache: {cache.kept} objects stay, {len(cache.files)} go ({size})"
        if self.left_alone:
            yield f"left alone: {self.left_alone}"

    def carry_out(self) -> int:
        """Remove what goes; bytes that are free. Cut short, it is continued by the next plan.

        Runs go first: an object of the cache must not go before the run that names it.
        """
        freed = sum(delete_run(self.client, run_id) for run_id in self.sizes)
        for folder, size in self.folders.items():
            shutil.rmtree(self.project_path / folder, ignore_errors=True)
            freed += size
        if self.cache:
            self.cache.delete()
            freed += self.cache.size
        return freed


@contextmanager
def make_plan(project_path: Path, env: str) -> Iterator[Plan]:
    """Judge what is there by the policy of an environment.

    While the block runs, no run of the project begins; where one is going on, checkpoints and DVC's
    cache are left alone.

    Args:
        project_path: root of the project.
        env: the environment.

    Raises:
        ParameterError: retention.yml is wrong.
        RunLookupError: there is no store, or no experiment.
        TrackingError: a store of the project cannot be used, or is a copied one.
        VersioningError: DVC's cache is shared, or a commit cannot be read.
    """
    conf = read_conf_files(project_path, env)
    policy = read_config(Retention, conf, "retention")
    client, runs = _judged(project_path, env, conf, policy)
    going = [judged.run for judged in runs if not judged.stays]
    sizes = {run.info.run_id: size_of(client, run) for run in going}
    folders, cache, left_alone = dict[Path, int](), None, ""
    with ExitStack() as stack:
        try:
            _hold(stack, project_path)
        except RunningError as error:
            left_alone = f"checkpoints and DVC's cache, as {error}"
        else:
            folders = dict(_abandoned(project_path, conf, policy.unfinished_days))
            if policy.cache_days is not None and dvc_root(project_path):
                needed = hashes_of_runs(project_path, sizes.keys())
                repository = stack.enter_context(open_repository(project_path))
                stack.enter_context(holding(repository))
                cache = find_unused(project_path, repository, needed, policy.cache_days)
        yield Plan(project_path, client, env, runs, sizes, folders, cache, left_alone)


def _judged(
    project_path: Path, env: str, conf: Mapping[str, Any], policy: Retention
) -> tuple[MlflowClient, list[Judged]]:
    config = TrackingConfig.read(conf).resolve(project_path)
    client = existing_store(config)
    own = [run for run in list_runs(client, config.experiment) if run.data.tags.get("env") == env]
    experiment = client.get_experiment_by_name(config.experiment)
    assert experiment is not None  # `list_runs` has found it
    require_own_place(config, experiment.artifact_location)  # never the original's of a copy
    nested = nested_in(client, experiment.experiment_id)
    metrics = project_path / conf["catalog"]["metrics"]["filepath"]
    digest = None
    if metrics.exists():
        digest = metrics_digest(json.loads(metrics.read_text(encoding="utf-8")))
    return client, judge_runs(own, nested, policy.runs, runs_of_versions(client), digest)


def _hold(stack: ExitStack, project_path: Path) -> None:
    """Keep runs of all environments away. Raises RunningError."""
    for env in environments(project_path):
        records = read_conf_files(project_path, env)["catalog"][RECORDS]["filepath"]
        if (project_path / records).is_dir():  # else nothing has ever run there
            stack.enter_context(holding_all(project_path, env))


def _abandoned(
    project_path: Path, conf: Mapping[str, Any], days: float
) -> Iterator[tuple[Path, int]]:
    """Folders of checkpoints to which nothing was written for some days, and their bytes."""
    oldest = time.time() - days * SECONDS_A_DAY
    for entry in conf["catalog"].values():
        if not str(entry.get("type", "")).endswith(_WORKING_FOLDER):
            continue
        folder = project_path / entry["filepath"]
        stats = [path.stat() for path in folder.rglob("*") if path.is_file()]
        if stats and max(stat.st_mtime for stat in stats) <= oldest:
            yield Path(entry["filepath"]), sum(stat.st_size for stat in stats)
