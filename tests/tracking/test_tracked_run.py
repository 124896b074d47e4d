"""The tracked run on a real SQLite MLflow."""

import json
import pickle
import signal
import subprocess
import sys
import time

import mlflow
import pytest
from mlflow import MlflowClient

from dermaflow.ml.evaluation.estimate import Estimate, parts_from_json
from dermaflow.ml.training.metric_sink import NullSink
from dermaflow.tracking.find_runs import list_runs
from dermaflow.tracking.metric_names import name_metrics, read_scores
from dermaflow.tracking.metrics_digest import METRICS_TAG, metrics_digest
from dermaflow.tracking.mlflow_sink import MlflowSink, current_sink
from dermaflow.tracking.tracked_run import TrackedRun, flatten
from dermaflow.tracking.tracking_config import TrackingConfig


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


def test_parameters_metrics_and_artifacts_arrive(store, tmp_path, marker):
    metrics = tmp_path / "metrics.json"
    measured = {"test": {"accuracy": {"value": 0.5, "low": 0.4, "high": 0.6, "groups": 7}}}
    metrics.write_text(json.dumps(measured))
    run = TrackedRun(store, "named", {"env": "test"}, marker)
    run.log_parameters({"train": {"epochs": 2}, **{f"p{i}": i for i in range(150)}})
    run.log_output(metrics, {"metrics": True, "artifact": "evaluation"})
    run.close("FINISHED")

    logged = MlflowClient().get_run(run.run_id)
    assert logged.info.status == "FINISHED"
    assert logged.info.run_name == "named"
    assert logged.data.params["train.epochs"] == "2"
    assert len(logged.data.params) == 151
    assert logged.data.metrics["test/accuracy"] == 0.5
    assert read_scores(logged.data.metrics, "test") == parts_from_json(measured)["test"]
    assert logged.data.tags[METRICS_TAG] == metrics_digest(measured)
    assert logged.data.tags["env"] == "test"
    names = [item.path for item in MlflowClient().list_artifacts(run.run_id, "evaluation")]
    assert names == ["evaluation/metrics.json"]


def test_several_processes_join_one_run_and_keep_its_name(store, monkeypatch, marker):
    first = TrackedRun(store, "whole chain", {"command": "dvc repro"}, marker)
    first.close("FINISHED")
    monkeypatch.setenv("MLFLOW_RUN_ID", first.run_id)
    second = TrackedRun(store, "another name", {"command": "kedro run"}, marker)
    second.close("FINISHED")
    assert second.run_id == first.run_id
    joined = MlflowClient().get_run(first.run_id)
    assert joined.info.run_name == "whole chain"
    assert joined.data.tags["command"] == "dvc repro"


def test_system_metrics_are_one_series_without_repeated_steps(store, marker):
    config = store.model_copy(update={"system_metrics_interval": 0.2})
    run = TrackedRun(config, "monitored", {}, marker)
    time.sleep(1.5)
    run.close("FINISHED")
    history = MlflowClient().get_metric_history(run.run_id, "system/system_memory_usage_percentage")
    steps = [metric.step for metric in history]
    assert len(steps) >= 3
    assert steps == sorted(set(steps))


def test_sink_writes_to_the_active_run_and_is_silent_without(store, marker):
    assert isinstance(current_sink(), NullSink)
    run = TrackedRun(store, "live", {}, marker)
    sink = current_sink()
    assert isinstance(sink, MlflowSink)
    sink.log({"train/loss": 1.0, "train/lr": 0.1}, step=5)
    live = MlflowClient().get_metric_history(run.run_id, "train/loss")  # before the run ends
    run.close("FAILED")
    assert [(metric.step, metric.value) for metric in live] == [(5, 1.0)]
    assert MlflowClient().get_run(run.run_id).info.status == "FAILED"
    assert mlflow.active_run() is None


def test_a_sink_in_another_process_writes_to_the_same_run(store, marker):
    run = TrackedRun(store, "live", {}, marker)
    code = (
        "import pickle, sys; log = pickle.loads(bytes.fromhex(sys.argv[1]));"
        "log({'train/loss': 0.25}, 3)"
    )
    sent = pickle.dumps(current_sink().log).hex()
    subprocess.run([sys.executable, "-c", code, sent], check=True)
    run.close("FINISHED")
    (point,) = MlflowClient().get_metric_history(run.run_id, "train/loss")
    assert (point.step, point.value) == (3, 0.25)


def test_stages_add_up_in_the_order_of_the_data(store, marker):
    run = TrackedRun(store, "stages", {}, marker)
    run.extend_tag("stages", ["train"])
    run.extend_tag("stages", ["ingest", "train", "train_drawing", "evaluate_drawing"])
    run.close("FINISHED")
    tags = MlflowClient().get_run(run.run_id).data.tags
    assert tags["stages"] == "ingest+train+evaluate_drawing"  # of train it goes without saying
    assert run.stages() == {"ingest", "train", "train_drawing", "evaluate_drawing"}


def killed_run(store, marker, does, number=signal.SIGKILL):
    """Id of a run whose process a signal has ended."""
    code = (
        "import os, sys; from pathlib import Path;"
        "from dermaflow.tracking.tracking_config import TrackingConfig;"
        "from dermaflow.tracking.tracked_run import TrackedRun;"
        "config = TrackingConfig.model_validate_json(sys.argv[1]);"
        "run = TrackedRun(config, 'killed', {'env': 'a'}, Path(sys.argv[2]), sys.argv[3]);"
        "print(run.run_id, flush=True); os.kill(os.getpid(), int(sys.argv[4]))"
    )
    arguments = (store.model_dump_json(), str(marker), does, str(int(number)))
    command = [sys.executable, "-c", code, *arguments]
    killed = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        # Where the tests run in the background, Ctrl-C is ignored, and would be here, too.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert killed.returncode != 0, killed.stderr
    return killed.stdout.strip()


def test_a_run_that_could_not_be_opened_whole_is_not_called_finished(store, marker):
    code = (
        "import sys; from pathlib import Path;"
        "from dermaflow.tracking.tracking_config import TrackingConfig;"
        "from dermaflow.tracking.tracked_run import TrackedRun;"
        "config = TrackingConfig.model_validate_json(sys.argv[1]);"
        "TrackedRun(config, 'half open', {'k' * 300: 'too long for MLflow'}, Path(sys.argv[2]))"
    )
    command = [sys.executable, "-c", code, store.model_dump_json(), str(marker)]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 1
    client = MlflowClient(store.tracking_uri)
    run = list_runs(client, store.experiment)[0]
    assert (run.info.run_name, run.info.status) == ("half open", "KILLED")


def test_the_next_run_marks_one_whose_process_was_killed(store, marker):
    run_id = killed_run(store, marker, "this")
    assert MlflowClient(store.tracking_uri).get_run(run_id).info.status == "RUNNING"

    TrackedRun(store, "next", {}, marker, "that").close("FINISHED")
    run = MlflowClient().get_run(run_id)
    assert run.info.status == "KILLED"
    assert run.data.tags["error"].endswith("was killed")
    assert not marker.exists()


# SIGINT leaves Python time to close the run as killed.
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_run_that_does_the_same_as_a_killed_one_goes_on_in_it(store, marker, number):
    run_id = killed_run(store, marker, "this", number)
    MlflowClient(store.tracking_uri).set_tag(run_id, "error", "KeyboardInterrupt")
    for times in ("1", "2"):
        run = TrackedRun(store, "another name", {"env": "a"}, marker, "this")
        assert run.run_id == run_id
        found = MlflowClient().get_run(run_id)
        assert (found.info.status, found.info.run_name) == ("RUNNING", "killed")
        assert found.data.tags["resumed"] == times
        assert "error" not in found.data.tags
        run.close("KILLED")
        # As if the process were gone.
        left = json.loads(marker.read_text())
        marker.write_text(json.dumps(left | {"started": left["started"] - 9}))
    assert TrackedRun(store, "next", {}, marker, "that").run_id != run_id
    mlflow.end_run()


@pytest.mark.parametrize("status", ["FINISHED", "FAILED"])
def test_a_run_that_has_ended_is_not_opened_again(store, marker, status):
    first = TrackedRun(store, "first", {}, marker, "this")
    left = marker.read_text()
    first.close(status)
    assert not marker.exists()
    marker.write_text(json.dumps(json.loads(left) | {"started": 0}))
    second = TrackedRun(store, "second", {}, marker, "this")
    second.close("FINISHED")
    assert second.run_id != first.run_id
    assert MlflowClient().get_run(first.run_id).info.status == status


def test_a_killed_run_that_was_deleted_is_not_opened_again(store, marker):
    run_id = killed_run(store, marker, "this")
    MlflowClient(store.tracking_uri).delete_run(run_id)
    run = TrackedRun(store, "next", {}, marker, "this")
    run.close("FINISHED")
    assert run.run_id != run_id


def test_a_run_of_a_living_process_is_left_alone(store, marker):
    first = TrackedRun(store, "first", {}, marker)
    mlflow.end_run("RUNNING")  # as seen from another process: neither ended nor dead
    TrackedRun(store, "second", {}, marker.with_name("other.json")).close("FINISHED")
    left = json.loads(marker.read_text())
    marker.with_name("other.json").write_text(json.dumps(left))
    TrackedRun(store, "third", {}, marker.with_name("other.json")).close("FINISHED")
    assert MlflowClient().get_run(first.run_id).info.status == "RUNNING"

    # In a container every process has the same number, but not the same beginning.
    marker.with_name("other.json").write_text(json.dumps(left | {"started": left["started"] - 9}))
    TrackedRun(store, "fourth", {}, marker.with_name("other.json")).close("FINISHED")
    assert MlflowClient().get_run(first.run_id).info.status == "KILLED"
    first.close("FINISHED")


def test_the_description_shows_headline_and_origin(store, marker):
    tags = {"env": "smoke", "command": "kedro run --env smoke", "data_version": "abc"}
    run = TrackedRun(store, "described", tags, marker)
    mlflow.log_metrics(name_metrics({"test": {"accuracy": Estimate(0.5, 0.4, 0.6)}}))
    run.describe()
    run.close("FINISHED")
    text = MlflowClient().get_run(run.run_id).data.tags["mlflow.note.content"]
    assert "| Accuracy | 0.500 | 0.400 – 0.600 |" in text
    assert "melanoma" not in text  # nothing is said of what was not measured
    assert "`abc`" in text
    assert "kedro run --env smoke" in text
