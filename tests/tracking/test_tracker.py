"""Who goes on in a killed run, and what a tracker does when MLflow itself fails."""

import logging
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import mlflow
import pytest

FIRST = {
    "parameters": {"train": {"epochs": 2, "batch_size": 4}, "seed": 1},
    "name": "smoke: all",
    "tags": {"git_dirty": "false", "mlflow.source.git.commit": "c0ffee"},
}


@pytest.fixture
def tracker(tmp_path, local_store, make_tracker, local_config):
    """A tracker with an open run in a store that is gone."""
    database = tmp_path / "db/mlflow.db"
    database.parent.mkdir()
    shutil.copy(local_store.database, database)
    place = {"artifact_location": local_store.artifact_location}
    tracker = make_tracker({}, local_config(tmp_path).model_copy(update=place))
    tracker.open()
    database.write_bytes(b"overwritten")
    return tracker


def test_the_error_of_a_run_is_not_hidden_by_one_of_mlflow(tracker, caplog):
    caplog.set_level(logging.WARNING)
    tracker.fail(RuntimeError("the real cause"))
    assert "could not be told to MLflow" in caplog.text
    tracker.fail(RuntimeError("again"))  # nothing is open any more


def test_a_failed_run_keeps_no_secret_of_an_address(make_tracker, config, experiment):
    tracker = make_tracker({}, config)
    tracker.open()
    run_id = mlflow.active_run().info.run_id
    tracker.fail(ValueError("no postgresql://ward:hunter2@db/runs"))
    tags = experiment.client.get_run(run_id).data.tags
    assert tags["error"] == "ValueError: no postgresql://ward:***@db/runs"
    told = mlflow.artifacts.load_text(f"runs:/{run_id}/error/traceback.txt")
    assert "hunter2" not in told + str(tags)
    assert "ward:***@db" in told


@pytest.fixture
def kill(make_tracker, config):
    """Open a run like the first but for some changes, and leave it killed; gives its id."""

    def make(**changes):
        tracker = replace(make_tracker({}, config), **FIRST | changes)
        tracker.open()
        run_id = mlflow.active_run().info.run_id
        tracker.fail(KeyboardInterrupt(), "KILLED")
        return run_id

    return make


def test_a_killed_run_goes_on_in_whatever_order_its_parameters_come(kill):
    parameters = {"seed": 1, "train": {"batch_size": 4, "epochs": 2}}
    assert kill(parameters=parameters) == kill()


@pytest.mark.parametrize(
    "changes",
    [
        {"parameters": {"train": {"epochs": 3, "batch_size": 4}, "seed": 1}},
        {"parameters": {"train": {"epochs": 4, "batch_size": 2}, "seed": 1}},
        {"parameters": {"train": {"epochs": 2, "batch_size": 4}}},
        {"name": "base: all"},
        {"name": "smoke: train"},
        {"tags": FIRST["tags"] | {"mlflow.source.git.commit": "c0ffef"}},
    ],
)
def test_a_killed_run_is_not_gone_on_with_by_one_of_other_parameters_environment_or_code(
    kill, changes
):
    assert kill() != kill(**changes)


def test_a_killed_run_is_not_gone_on_with_by_one_of_other_uncommitted_code(tmp_path, kill):
    def git(*arguments):
        identity = ("-c", "user.name=t", "-c", "user.email=t@example.org")
        subprocess.run(["git", "-C", tmp_path, *identity, *arguments], check=True)

    code = Path(tmp_path, "src/a.py")
    code.parent.mkdir()
    code.write_text("1")
    git("init", "--quiet")
    git("add", "src")
    git("commit", "--quiet", "--message", "one")
    dirty = FIRST["tags"] | {"git_dirty": "true"}
    code.write_text("2")
    first = kill(tags=dirty)
    assert kill(tags=dirty) == first
    code.write_text("3")
    assert kill(tags=dirty) != first
