"""Nested runs on a real SQLite MLflow: one of each name, which goes on when its parent does."""

import json

import mlflow
import pytest
from mlflow import MlflowClient

from dermaflow.ml.training.metric_sink import NullSink
from dermaflow.tracking.killed_run import nested_runs
from dermaflow.tracking.mlflow_sink import current_sink
from dermaflow.tracking.tracked_run import TrackedRun

PARAMETERS = {"fold": 1, "train": {"epochs": 2, "backbone": {"frozen": ["stem"]}}}
TAGS = {"crossval.protocol": "lesion"}


@pytest.fixture
def parent(store, open_runs):
    run = TrackedRun(store, "parent", {"env": "smoke"}, open_runs)
    yield run
    run.close("FINISHED")


def parts_of(run_id):
    return {run.info.run_name: run for run in nested_runs(MlflowClient(), run_id)}


def test_a_part_has_curves_parameters_and_tags_of_its_own(parent):
    with current_sink().part("fold 1", PARAMETERS, TAGS) as sink:
        sink.log({"train/loss": 2.0}, step=1)
        sink.log({"train/loss": 1.0}, step=2)
        assert parts_of(parent.run_id)["fold 1"].info.status == "RUNNING"
    current_sink().log({"crossval/accuracy": 0.5}, step=0)
    run = parts_of(parent.run_id)["fold 1"]
    assert run.info.status == "FINISHED"
    assert run.data.params == {
        "fold": "1",
        "train.epochs": "2",
        "train.backbone.frozen": "['stem']",
    }
    assert run.data.tags["mlflow.parentRunId"] == parent.run_id
    assert run.data.tags["env"] == "smoke"
    assert run.data.tags["crossval.protocol"] == "lesion"
    curve = MlflowClient().get_metric_history(run.info.run_id, "train/loss")
    assert [(point.step, point.value) for point in curve] == [(1, 2.0), (2, 1.0)]
    assert MlflowClient().get_run(parent.run_id).data.metrics == {"crossval/accuracy": 0.5}


def test_a_finished_part_takes_more_figures_and_keeps_its_end(parent):
    with current_sink().part("fold 1", PARAMETERS, TAGS):
        pass
    ended = parts_of(parent.run_id)["fold 1"].info.end_time
    with current_sink().part("fold 1", {**PARAMETERS, "fold": 7, "seed": 3}, {}) as sink:
        sink.log({"test/accuracy": 0.5}, step=0)
    (run,) = nested_runs(MlflowClient(), parent.run_id)
    assert (run.info.status, run.info.end_time) == ("FINISHED", ended)
    assert run.data.metrics == {"test/accuracy": 0.5}
    assert run.data.params["fold"] == "1"
    assert run.data.params["seed"] == "3"
    assert "resumed" not in run.data.tags


@pytest.mark.parametrize(
    ("error", "status"), [(ValueError(), "FAILED"), (KeyboardInterrupt(), "KILLED")]
)
def test_a_part_that_was_cut_off_says_how_and_goes_on_under_its_name(parent, error, status):
    with pytest.raises(type(error)), current_sink().part("fold 1", PARAMETERS, TAGS):
        raise error
    assert parts_of(parent.run_id)["fold 1"].info.status == status
    with current_sink().part("fold 1", PARAMETERS, TAGS):
        pass
    (run,) = nested_runs(MlflowClient(), parent.run_id)
    assert run.info.status == "FINISHED"
    assert run.data.tags["resumed"] == "1"


def test_a_part_whose_process_was_killed_goes_on_with_its_curve(parent):
    for step in (1, 2):
        with current_sink().part("fold 1", PARAMETERS, TAGS) as sink:
            sink.log({"train/loss": 1 / step}, step)
        (run,) = nested_runs(MlflowClient(), parent.run_id)
        assert run.info.status == "FINISHED"
        assert run.data.tags.get("resumed") == (None if step == 1 else "1")
        MlflowClient().update_run(run.info.run_id, "RUNNING")  # as a killed process leaves it
    curve = MlflowClient().get_metric_history(run.info.run_id, "train/loss")
    assert [(point.step, point.value) for point in curve] == [(1, 1.0), (2, 0.5)]


def test_a_part_holds_whole_what_mlflow_cuts_and_keeps_it_when_it_takes_more(parent):
    classes = ["mel" * 3000]
    for more in ({}, {"seed": 3}):
        with current_sink().part("fold 1", {"classes": classes} | more, {"note": "n" * 6000}):
            pass
    (run,) = nested_runs(MlflowClient(), parent.run_id)
    assert run.data.params["classes"].endswith("whole in parameters.json]")
    assert run.data.params["seed"] == "3"
    place = f"runs:/{run.info.run_id}"
    assert mlflow.artifacts.load_dict(f"{place}/parameters.json")["classes"] == classes
    assert mlflow.artifacts.load_text(f"{place}/tags/note.txt") == "n" * 6000


def test_figures_that_are_not_a_models_do_not_name_its_run(parent, tmp_path):
    metrics = tmp_path / "metrics.json"
    # More than MLflow takes in one request.
    metrics.write_text(json.dumps({"crossval": {f"m{number}": number for number in range(1200)}}))
    parent.log_output(metrics, {"metrics": True, "digest": False})
    data = MlflowClient().get_run(parent.run_id).data
    assert len(data.metrics) == 1200
    assert "metrics_digest" not in data.tags


def test_without_a_run_nothing_is_kept():
    with current_sink().part("fold 1", PARAMETERS, TAGS) as sink:
        assert isinstance(sink, NullSink)
        sink.tag(TAGS)
        sink.log({"train/loss": 1.0}, step=1)
