"""``kedro run --pipelines crossval``, killed in its second fold and given again."""

import json
import signal

import pandas as pd
import pytest
from mlflow import MlflowClient

from dermaflow.tracking.killed_run import nested_runs
from dermaflow.tracking.metric_names import read_scores
from dermaflow.versioning.stages.fingerprint import hash_path
from waiting import wait_until

RUN = ("kedro", "run", "--env", "smoke", "--pipelines", "crossval")
DATA = "data/smoke"
LOGITS = f"{DATA}/07_model_output/crossval_logits.parquet"
METRICS = f"{DATA}/08_reporting/crossval_metrics.json"


@pytest.fixture(scope="module")
def project(copy_finished):
    """A project that has data to be cross-validated on."""
    return copy_finished()


@pytest.fixture(scope="module")
def resumed(project):
    """Its run, after a ``kill -9`` as soon as the first fold was done."""
    running = project.start(*RUN)
    done = "unfinished/crossval/fold_1/done/*.safetensors"
    wait_until(lambda: list((project.folder / DATA).glob(done)), running)
    running.kill()
    running.communicate()
    project.after_kill = {run.info.run_name: run.info.status for run in project.runs()}
    project.output = project.run(*RUN).stdout
    return project


@pytest.fixture(scope="module")
def runs(resumed):
    """The run of the cross-validation, and those of its folds by name."""
    (parent,) = (run for run in resumed.runs() if "mlflow.parentRunId" not in run.data.tags)
    client = MlflowClient(resumed.tracking_uri)
    folds = nested_runs(client, parent.info.run_id)
    assert len(resumed.runs()) == 1 + len(folds)
    return parent, {run.info.run_name: run for run in folds}


def test_it_runs_only_when_it_is_asked_for(finished):
    assert "crossval" not in finished.output
    planned = finished.run("kedro", "repro", "--env", "smoke", "--dry").stdout
    assert "crossval" not in planned
    assert "up to date" in planned


def test_the_finished_fold_was_kept_and_the_run_went_on(resumed, runs):
    parent, folds = runs
    assert resumed.after_kill["smoke: crossval"] == "RUNNING"
    assert "Fold 1 is done already" in resumed.output
    assert "Fold 2 is done already" not in resumed.output
    assert parent.info.status == "FINISHED"
    assert parent.data.tags["resumed"] == "1"
    assert parent.data.tags["stages"] == "crossval_train+crossval_evaluate"
    assert {name: run.info.status for name, run in folds.items()} == {
        "fold 1": "FINISHED",
        "fold 2": "FINISHED",
    }
    assert not (resumed.folder / DATA / "unfinished/crossval").exists()


def test_folds_have_curves_parameters_and_figures_of_their_own(resumed, runs):
    parent, folds = runs
    client = MlflowClient(resumed.tracking_uri)
    for number, run in enumerate(folds[name] for name in sorted(folds)):
        assert run.data.params["fold"] == str(number + 1)
        assert run.data.params["train.epochs"] == "2"
        curve = client.get_metric_history(run.info.run_id, "train/val_balanced_accuracy")
        steps = [point.step for point in curve]
        assert len(set(steps)) == 2
        made = [name for name in run.data.params if name.startswith("synthetic.")]
        assert made
        for name in made:
            assert f"gan/{name.removeprefix('synthetic.')}_discriminator_loss" in run.data.metrics
        own = parent.data.metrics[f"crossval_folds/fold_{number + 1}/accuracy"]
        assert run.data.metrics["test/accuracy"] == own
    assert "train/val_balanced_accuracy" not in parent.data.metrics
    assert parent.data.tags["crossval.protocol"] == "lesion"
    assert parent.data.tags["crossval.synthetic"] == "true"
    assert "| cross-validation | value | interval |" in parent.data.tags["mlflow.note.content"]
    assert sorted(resumed.artifacts(parent, "crossval")) == [
        "01_folds.png",
        "02_melanoma.png",
        "crossval_folds.json",
        "crossval_metrics.json",
        "crossval_predictions.parquet",
        "crossval_rules.json",
        "crossval_table.csv",
    ]


def test_pooled_predictions_are_of_all_training_sources(resumed, runs):
    manifest = pd.read_parquet(resumed.folder / DATA / "03_primary/manifest.parquet")
    own = manifest[manifest["role"] == "train"].set_index("image_id")
    path = resumed.folder / DATA / "07_model_output/crossval_predictions.parquet"
    predictions = pd.read_parquet(path).set_index("image_id")
    assert sorted(predictions.index) == sorted(own.index)
    assert (predictions["fold"] == own["fold"][predictions.index]).all()
    accuracy = (predictions["predicted"] == predictions["label"]).mean()
    assert runs[0].data.metrics["crossval/accuracy"] == pytest.approx(accuracy)


def test_nothing_is_done_twice_and_dvc_knows_it(resumed):
    for file in ("conf/smoke/crossval/dvc.yaml", "conf/smoke/dvc.yaml"):
        assert "up to date" in resumed.run("dvc", "status", file).stdout
    before = len(resumed.runs())
    again = resumed.run(*RUN).stdout
    assert "crossval_train: unchanged, skipped" in again
    assert "crossval_evaluate: unchanged, skipped" in again
    assert len(resumed.runs()) == before


@pytest.fixture
def to_change(resumed, tmp_path):
    """A copy of ``resumed``, with its runs, for a test that changes it."""
    return resumed.copy(tmp_path / "project", with_runs=True)


@pytest.mark.slow
def test_undisturbed_the_logits_are_the_same_to_the_bit(to_change):
    before = hash_path(to_change.folder / LOGITS)
    command = (*RUN[:-1], "crossval_train", "--force")
    output = to_change.run(*command).stdout
    assert "is done already" not in output
    assert hash_path(to_change.folder / LOGITS) == before


def test_other_intervals_need_no_training_and_a_restore_brings_the_old_ones_back(to_change, runs):
    changed = to_change.run(*RUN, "--params", "evaluate.bootstrap_samples=20").stdout
    assert "crossval_train: unchanged, skipped" in changed
    assert "parameters changed (evaluate.bootstrap_samples)" in changed
    child, other, parent = to_change.runs()[:3]
    assert [run.info.run_name for run in (child, other)] == ["fold 2", "fold 1"]
    assert child.data.tags["mlflow.parentRunId"] == parent.info.run_id
    path = to_change.folder / METRICS
    new = json.loads(path.read_text())
    first = runs[0].info.run_id
    to_change.run("kedro", "restore", first, "--env", "smoke", "--data-only")
    old = json.loads(path.read_text())
    logged = read_scores(runs[0].data.metrics, "crossval")
    assert old["crossval"]["accuracy"]["low"] == logged["accuracy"].low
    assert old != new
    to_change.run("kedro", "restore", "--back")
    assert json.loads(path.read_text()) == new


@pytest.mark.slow
def test_stopping_it_is_told_to_the_fold_as_well(to_change):
    command = (*RUN, "--params", "crossval.val=0.2")
    running = to_change.start(*command)

    def is_in_the_first_fold():
        (latest, *_) = to_change.runs()
        return latest.info.run_name == "fold 1" and not latest.info.end_time

    wait_until(is_in_the_first_fold, running)
    running.send_signal(signal.SIGTERM)
    running.communicate(timeout=60)
    assert running.returncode == 143
    fold, parent = to_change.runs()[:2]
    assert (fold.info.status, parent.info.status) == ("KILLED", "KILLED")
