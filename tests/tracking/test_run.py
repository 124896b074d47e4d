"""The tracked run on a real SQLite MLflow."""

import json
import time

import mlflow
import pytest
from mlflow import MlflowClient

from dermaflow.tracking.config import TrackingConfig
from dermaflow.tracking.run import TrackedRun, flatten
from dermaflow.tracking.sink import MlflowSink, NullSink, current_sink


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A configuration whose database exists; making one takes MLflow seconds."""
    folder = tmp_path_factory.mktemp("tracking")
    config = TrackingConfig(
        tracking_uri="sqlite:///db/mlflow.db",
        artifact_location="db/artifacts",
        experiment="dermaflow",
        system_metrics_interval=0,
    ).resolve(folder)
    TrackedRun(config, "first", {}).close("FINISHED")
    return config


def test_flatten_gives_one_key_a_leaf():
    nested = {"a": 1, "b": {"c": [1, 2], "d": {"e": None}}, "f": [{"g": 1}, {"g": 2}]}
    assert flatten(nested) == {"a": 1, "b.c": [1, 2], "b.d.e": None, "f": '[{"g": 1}, {"g": 2}]'}


def test_words_of_the_data_stay_in_one_parameter():
    labels = {"Melanom (in situ), Clark I": "mel", "Nävus": "nv"}
    flat = flatten({"labels": labels, "images": {"mel": 3, "own code": 4}})
    assert json.loads(flat["labels"]) == labels
    assert flat["images.own code"] == 4


def test_environment_variable_wins_and_drops_the_local_artifact_folder(tmp_path, monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)  # MLflow sets it for a chosen store
    config = TrackingConfig(
        tracking_uri="sqlite:///x.db",
        artifact_location="artifacts",
        experiment="e",
        system_metrics_interval=0,
    )
    assert config.resolve(tmp_path).tracking_uri == f"sqlite:///{tmp_path}/x.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://mlflow.example:5000")
    resolved = config.resolve(tmp_path)
    assert resolved.tracking_uri == "http://mlflow.example:5000"
    assert resolved.artifact_location is None
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///other.db")
    resolved = config.resolve(tmp_path)
    assert resolved.tracking_uri == f"sqlite:///{tmp_path}/other.db"
    assert resolved.artifact_location == (tmp_path / "artifacts").as_uri()


def test_parameters_metrics_and_artifacts_arrive(store, tmp_path):
    metrics = tmp_path / "metrics.json"
    metrics.write_text(json.dumps({"test/accuracy": 0.5}))
    run = TrackedRun(store, "named", {"env": "test"})
    run.log_parameters({"train": {"epochs": 2}, **{f"p{i}": i for i in range(150)}})
    run.log_output(metrics, {"metrics": True, "artifact": "evaluation"})
    run.close("FINISHED")

    logged = MlflowClient().get_run(run.run_id)
    assert logged.info.status == "FINISHED"
    assert logged.info.run_name == "named"
    assert logged.data.params["train.epochs"] == "2"
    assert len(logged.data.params) == 151
    assert logged.data.metrics == {"test/accuracy": 0.5}
    assert logged.data.tags["env"] == "test"
    names = [item.path for item in MlflowClient().list_artifacts(run.run_id, "evaluation")]
    assert names == ["evaluation/metrics.json"]


def test_several_processes_join_one_run_and_keep_its_name(store, monkeypatch):
    first = TrackedRun(store, "whole chain", {})
    first.close("FINISHED")
    monkeypatch.setenv("MLFLOW_RUN_ID", first.run_id)
    second = TrackedRun(store, "another name", {"stages": "train"})
    second.close("FINISHED")
    assert second.run_id == first.run_id
    assert MlflowClient().get_run(first.run_id).info.run_name == "whole chain"


def test_system_metrics_are_one_series_without_repeated_steps(store):
    config = store.model_copy(update={"system_metrics_interval": 0.2})
    run = TrackedRun(config, "monitored", {})
    time.sleep(1.5)
    run.close("FINISHED")
    history = MlflowClient().get_metric_history(run.run_id, "system/system_memory_usage_percentage")
    steps = [metric.step for metric in history]
    assert len(steps) >= 3
    assert steps == sorted(set(steps))


def test_sink_writes_to_the_active_run_and_is_silent_without(store):
    assert isinstance(current_sink(), NullSink)
    run = TrackedRun(store, "live", {})
    sink = current_sink()
    assert isinstance(sink, MlflowSink)
    sink.log({"train/loss": 1.0, "train/lr": 0.1}, step=5)
    live = MlflowClient().get_metric_history(run.run_id, "train/loss")  # before the run ends
    run.close("FAILED")
    assert [(metric.step, metric.value) for metric in live] == [(5, 1.0)]
    assert MlflowClient().get_run(run.run_id).info.status == "FAILED"
    assert mlflow.active_run() is None
