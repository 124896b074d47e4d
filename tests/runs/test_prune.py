"""``kedro prune``: what no policy may touch is all there afterwards, and the rest is gone."""

import os
import re
import time

import pytest
from mlflow import MlflowClient

from dermaflow.io.shared_lock import SharedLock
from dermaflow.tracking.run_versions import read_versions
from dermaflow.versioning.dvc.cache import DvcCache

NOTHING_STAYS = """
runs:
  finished: {newest: 0, days: 0}
  failed: {newest: 0, days: 0}
  killed: {newest: 0, days: 0}
unfinished_days: 1
cache_days: 0
"""


@pytest.fixture(scope="module")
def project(kept, tmp_path_factory):
    """A project with a run that a version needs, one that nothing needs, and old checkpoints."""
    project = kept.copy(tmp_path_factory.mktemp("prune") / "project", with_runs=True)
    project.run("kedro", "run", "--env", "smoke", "--pipelines", "ingest", "--params", "seed=7")
    project.run("dvc", "checkout", "--force", "conf/smoke/dvc.yaml")
    (project.folder / "conf/smoke/retention.yml").write_text(NOTHING_STAYS)
    for stage, days in (("augment", 2), ("training", 0)):
        checkpoint = project.folder / f"data/smoke/unfinished/{stage}/step.safetensors"
        checkpoint.parent.mkdir(parents=True)
        checkpoint.write_bytes(b"x" * 1000)
        then = time.time() - days * 24 * 3600
        for path in (checkpoint, checkpoint.parent):
            os.utime(path, (then, then))
    return project


def prune(project, *options, check=True):
    return project.run("kedro", "prune", "--env", "smoke", *options, check=check)


def hashes(project, run):
    entries = read_versions(MlflowClient(project.tracking_uri), run).entries.values()
    return {out["md5"] for entry in entries for out in entry["outs"]}


def state(project):
    """All files, but for logs and what MLflow and DVC note in passing."""
    places = (".dvc/cache/files", "mlflow/artifacts", "data")
    found = [path for place in places for path in (project.folder / place).rglob("*")]
    return {path for path in found if path.is_file() and path.suffix not in (".lock", ".users")}


def test_only_what_nothing_needs_goes(project):
    second, first = project.runs()
    cache = DvcCache.of(project.folder)
    alone = hashes(project, second) - hashes(project, first)
    assert alone
    assert not cache.missing(alone)

    before = state(project)
    shown = prune(project, "--dry-run").stdout
    assert f"stays run {first.info.run_id[:8]}" in shown
    assert "smoke: all: version 1 of dermaflow-smoke needs it" in shown
    assert f"goes  run {second.info.run_id[:8]}" in shown
    assert "goes  data/smoke/unfinished/augment: 1.0 kB" in shown
    assert "unfinished/training" not in shown
    refused = prune(project, check=False)  # nobody is there to be asked
    assert (refused.returncode, "give --yes, or --dry-run" in refused.stdout) == (2, True)
    assert state(project) == before

    lock = SharedLock(project.folder / "data/smoke/stage_records/train.lock")
    assert (project.folder / "data/smoke/stage_records").is_dir()
    assert lock.share()
    try:
        busy = prune(project, "--dry-run").stdout
    finally:
        lock.release()
    assert "left alone: checkpoints and DVC's cache, as train: another run" in busy
    assert "unfinished/augment" not in busy

    done = prune(project, "--yes").stdout
    assert re.search(r"^[\d.]+ MB are free$", done, re.MULTILINE)
    assert [run.info.run_id for run in project.runs()] == [first.info.run_id]
    assert all(cache.missing([md5]) for md5 in alone)
    assert not cache.missing(hashes(project, first))
    assert not (project.folder / "data/smoke/unfinished/augment").exists()
    assert (project.folder / "data/smoke/unfinished/training").exists()
    again = prune(project, "--yes").stdout
    assert "goes" not in again
    restore = ("kedro", "restore", first.info.run_id, "--env", "smoke", "--data-only")
    assert re.search(r"^outputs: (\d+) of \1 are those", project.run(*restore).stdout, re.MULTILINE)


def test_a_cache_that_may_be_shared_is_not_touched(project, tmp_path):
    project.run("dvc", "cache", "dir", "--local", str(tmp_path / "cache"))
    try:
        refused = prune(project, "--yes", check=False)
    finally:
        (project.folder / ".dvc/config.local").unlink()
    assert refused.returncode == 10
    assert "lies outside the project and may be shared" in refused.stdout
