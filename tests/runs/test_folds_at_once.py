"""Folds of a cross-validation as processes of one job: the same to the bit as one after another."""

import signal

import pytest
import yaml
from mlflow import MlflowClient

from dermaflow.deploy.kubeflow.call_sdk import PYTHON
from dermaflow.tracking.killed_run import nested_runs
from runs.test_kubeflow_chain import CONF, python, submit  # noqa: F401
from waiting import wait_until

RUN = ("kedro", "run", "--env", "smoke", "--if-running", "wait", "--pipelines")
FOLD = (*RUN, "crossval_train", "--fold")
SKIPPED = "crossval_train: unchanged, fold 1 skipped"


def hashes(project):
    """Path -> hash of what the cross-validation made, but for its pictures."""
    lock = yaml.safe_load((project.folder / "conf/smoke/crossval/dvc.lock").read_text())
    stages = (lock["stages"][name] for name in ("crossval_train", "crossval_evaluate"))
    return {out["path"]: out["md5"] for stage in stages for out in stage["outs"]}


@pytest.fixture(scope="module")
def one_after_another(copy_finished):
    project = copy_finished()
    project.run(*RUN, "crossval")
    return project


@pytest.fixture(scope="module")
def at_once(copy_finished):
    """Both folds are begun; the first is told to end, and given again. Then all is pooled."""
    project = copy_finished()
    project.environment = project.environment | {"DERMAFLOW_JOB_ID": "job"}
    project.run("kedro", "job", "open", "--env", "smoke")
    first, second = (project.start(*FOLD, number) for number in "12")
    lock = project.folder / "data/smoke/stage_records/crossval_train_fold_1.lock"
    wait_until(lambda: lock.exists() and lock.read_text(), first)
    project.refused = project.run(*FOLD, "1", "--if-running", "fail", check=False)
    training = project.folder / "data/smoke/unfinished/crossval/fold_1/synthesis"
    wait_until(training.exists, first)
    first.send_signal(signal.SIGTERM)
    project.ended = first.communicate(timeout=60)[0], first.returncode
    again = project.start(*FOLD, "1")
    wait_until(lambda: lock.read_text() or again.poll() is not None, again)
    project.pooled = project.run(*RUN, "crossval").stdout
    for running in (again, second):
        said, _ = running.communicate()
        assert running.returncode == 0, said[-3000:]
    project.later = project.run(*FOLD, "1").stdout
    project.run("kedro", "job", "close", "--env", "smoke", "--status", "SUCCEEDED")
    return project


@pytest.mark.slow
def test_what_is_pooled_is_the_same_to_the_bit(one_after_another, at_once):
    assert hashes(at_once) == hashes(one_after_another)
    assert not (at_once.folder / "data/smoke/unfinished/crossval").exists()


@pytest.mark.slow
def test_one_fold_is_trained_by_one_process_and_pooled_by_one_that_waits(at_once):
    assert at_once.refused.returncode == 9
    assert "crossval_train_fold_1.lock" in at_once.refused.stdout
    assert at_once.ended[1] == 128 + signal.SIGTERM, at_once.ended[0][-3000:]
    for number in (1, 2):
        assert f"Fold {number} is done already" in at_once.pooled
    assert SKIPPED in at_once.later


@pytest.mark.slow
def test_folds_are_nested_in_the_run_of_the_job(one_after_another, at_once):
    (parent,) = (run for run in at_once.runs() if "mlflow.parentRunId" not in run.data.tags)
    assert (parent.info.status, parent.data.tags["job"]) == ("FINISHED", "job")
    assert parent.data.tags["stages"] == "crossval_train+crossval_evaluate"
    assert "error" not in parent.data.tags
    folds = nested_runs(MlflowClient(at_once.tracking_uri), parent.info.run_id)
    assert len(at_once.runs()) == 1 + len(folds)
    expected = one_after_another.runs()
    assert sorted(run.info.run_name for run in folds) == ["fold 1", "fold 2"]
    for run in (parent, *folds):
        assert run.info.status == "FINISHED"
        is_nested = run is not parent
        name = run.info.run_name if is_nested else "smoke: crossval"
        (other,) = (one for one in expected if one.info.run_name == name)
        assert figures(run) == figures(other)
        assert "train.epochs" in run.data.params


@pytest.mark.slow
def test_kubeflow_trains_them_at_once_and_goes_on_after_one_was_killed(
    one_after_another,
    copy_finished,
    python,  # noqa: F811
    tmp_path,
):
    project = copy_finished()
    project.environment = project.environment | {PYTHON: str(python)}
    (project.folder / "conf/smoke/kubeflow.yml").write_text(CONF)
    compiling = ("kedro", "kubeflow", "compile", "--env", "smoke", "--output", "chain.yaml")
    project.run(*compiling, "--pipelines", "crossval")

    killed = "data/smoke/unfinished/crossval/fold_1/synthesis"
    code, said = submit(project, python, tmp_path / "1", KILL_FOLD_1=killed)
    assert code == 1, said[-3000:]
    assert "--pipelines crossval_evaluate" not in said
    fold, other, parent = nested_and_parent(project)
    assert (fold.info.status, other.info.status, parent.info.status) == (
        *("KILLED", "FINISHED", "FAILED"),
    )

    code, said = submit(project, python, tmp_path / "2")
    assert code == 0, said[-3000:]
    assert said.count("Fold 2 is done already") == 2  # to its own task, and to the one that pools
    assert said.count("Fold 1 is done already") == 1
    assert hashes(project) == hashes(one_after_another)
    *folds, parent = nested_and_parent(project)
    assert {run.info.status for run in (*folds, parent)} == {"FINISHED"}
    assert parent.data.tags["stages"] == "crossval_train+crossval_evaluate"


def nested_and_parent(project):
    """The latest job's runs: those of its folds in their order, and its own."""
    runs = [run for run in project.runs() if "mlflow.parentRunId" not in run.data.tags]
    folds = nested_runs(MlflowClient(project.tracking_uri), runs[0].info.run_id)
    return *sorted(folds, key=lambda run: run.info.run_name), runs[0]


def figures(run):
    """Of the machine and of time, no two runs have the same."""
    changing = ("system/", "seconds", "images_per_s", "peak_memory")
    return {
        name: value
        for name, value in run.data.metrics.items()
        if not any(word in name for word in changing)
    }
