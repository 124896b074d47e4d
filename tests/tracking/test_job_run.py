"""One MLflow run for stages that are started one by one, on a real SQLite MLflow."""

import mlflow
import pytest
from mlflow import MlflowClient

from dermaflow.errors import TrackingError
from dermaflow.schema import JOB_ID
from dermaflow.tracking.job_run import JOB_TAG, close_job, find_job, job_id, open_job
from dermaflow.tracking.mlflow_store import open_store
from dermaflow.tracking.tracked_run import TrackedRun


def stage(store, open_runs, name, status="FINISHED", tags=None):
    """What a process of the job does with the run; returns its id."""
    run = TrackedRun(store, f"base: {name}", {"env": "base"}, open_runs)
    run.extend_tag("stages", [name])
    run.set_tags(tags or {})
    run.close(status)
    return run.run_id


@pytest.fixture
def job(monkeypatch, tmp_path):
    """An id that no other test has."""
    monkeypatch.setenv(JOB_ID, f"scheduled__2026-11-30T02:00:00+00:00/{tmp_path.name}")
    return job_id()


def state(run_id):
    return MlflowClient().get_run(run_id).info.status


def tags(run_id):
    return MlflowClient().get_run(run_id).data.tags


def test_stages_log_to_the_run_that_was_opened_and_leave_it_open(store, open_runs, job):
    run_id = open_job(store, "base", job, {"env": "base"}, "seed=3")
    assert stage(store, open_runs, "ingest") == run_id
    assert stage(store, open_runs, "train") == run_id
    assert state(run_id) == "RUNNING"
    assert tags(run_id)["stages"] == "ingest+train"
    assert tags(run_id)["command"] == "kedro run --env base --params seed=3"
    assert close_job(store, job, succeeded=True) == f"run {run_id}: FINISHED"
    assert state(run_id) == "FINISHED"
    assert "ingest" in tags(run_id)["mlflow.note.content"]


def test_the_first_stage_opens_the_run_where_nobody_has(store, open_runs, job):
    run_id = stage(store, open_runs, "ingest")
    assert stage(store, open_runs, "validate") == run_id
    assert tags(run_id)[JOB_TAG] == job
    assert state(run_id) == "RUNNING"


def test_a_run_that_an_engine_set_for_each_task_is_not_joined(store, open_runs, job, monkeypatch):
    open_store(store)
    nested = mlflow.start_run().info.run_id
    mlflow.end_run("RUNNING")
    monkeypatch.setenv("MLFLOW_RUN_ID", nested)
    run_id = open_job(store, "base", job, {})
    assert stage(store, open_runs, "train") == run_id != nested
    assert "stages" not in tags(nested)


@pytest.mark.parametrize(
    ("status", "error"),
    [("FAILED", "TrainingError: the loss is nan"), ("KILLED", "KeyboardInterrupt: ")],
)
def test_a_stage_that_failed_says_why_and_its_retry_goes_on(store, open_runs, job, status, error):
    run_id = open_job(store, "base", job, {})
    stage(store, open_runs, "train", status, {"error": error})
    assert state(run_id) == "RUNNING"
    assert stage(store, open_runs, "train") == run_id
    close_job(store, job, succeeded=True)
    assert state(run_id) == "FINISHED"
    assert "error" not in tags(run_id)


def test_a_job_that_failed_keeps_the_stage_s_error(store, open_runs, job):
    run_id = open_job(store, "base", job, {})
    stage(store, open_runs, "train", "FAILED", {"error": "TrainingError: the loss is nan"})
    assert close_job(store, job, succeeded=False) == f"run {run_id}: FAILED"
    assert tags(run_id)["error"] == "TrainingError: the loss is nan"


def test_a_stage_that_was_killed_leaves_no_run_open(store, open_runs, job):
    run_id = open_job(store, "base", job, {})
    TrackedRun(store, "base: train", {}, open_runs).close("RUNNING")
    close_job(store, job, succeeded=False)
    assert state(run_id) == "FAILED"
    assert "killed" in tags(run_id)["error"]


def test_a_job_in_which_nothing_changed_leaves_no_run(store, job):
    run_id = open_job(store, "base", job, {})
    assert "not kept" in close_job(store, job, succeeded=True)
    assert MlflowClient().get_run(run_id).info.lifecycle_stage == "deleted"
    assert close_job(store, job, succeeded=True) == f"job {job} has no run"


def test_a_job_that_has_ended_takes_no_more_figures(store, open_runs, job):
    run_id = open_job(store, "base", job, {})
    stage(store, open_runs, "ingest")
    close_job(store, job, succeeded=True)
    with pytest.raises(TrackingError, match=f"has ended .{run_id}, FINISHED"):
        stage(store, open_runs, "train")
    assert "ended already" in close_job(store, job, succeeded=False)
    assert state(run_id) == "FINISHED"


def test_jobs_are_told_apart(store, job):
    one, other = open_job(store, "base", job, {}), open_job(store, "base", f"{job}2", {})
    assert one != other
    assert open_job(store, "base", f"{job}2", {}) == other
    assert find_job(open_store(store), f"{job}2").info.run_id == other


@pytest.mark.parametrize("wrong", ["it's 1", "a b", 'a"', "x" * 251])
def test_an_id_by_which_mlflow_cannot_search_is_refused(monkeypatch, wrong):
    monkeypatch.setenv(JOB_ID, wrong)
    with pytest.raises(TrackingError, match=JOB_ID):
        job_id()


def test_parts_whose_process_was_killed_outright_are_not_left_running(store, open_runs, job):
    run_id = open_job(store, "base", job, {})
    client = MlflowClient()
    experiment = client.get_run(run_id).info.experiment_id
    nested = {"mlflow.parentRunId": run_id}
    done, killed = (client.create_run(experiment, tags=nested).info.run_id for _ in range(2))
    client.set_terminated(done, "FINISHED")
    close_job(store, job, succeeded=False)
    assert (state(run_id), state(done), state(killed)) == ("FAILED", "FINISHED", "KILLED")


def test_a_job_of_folds_alone_is_kept(store, job):
    run_id = open_job(store, "base", job, {})
    client = MlflowClient()
    experiment = client.get_run(run_id).info.experiment_id
    client.create_run(experiment, tags={"mlflow.parentRunId": run_id})
    assert close_job(store, job, succeeded=True) == f"run {run_id}: FINISHED"
