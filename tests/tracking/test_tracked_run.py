"""The tracked run on a real SQLite MLflow."""

import json
import subprocess
import sys
import threading

import mlflow
import pytest
from mlflow import MlflowClient

from dermaflow.errors import TrackingError
from dermaflow.ml.evaluation.estimate import Estimate, parts_from_json
from dermaflow.tracking.find_runs import list_runs
from dermaflow.tracking.metric_names import name_metrics, read_scores
from dermaflow.tracking.metrics_digest import METRICS_TAG, metrics_digest
from dermaflow.tracking.tracked_run import TrackedRun, flatten
from dermaflow.versioning.stages.lock_keeper import ADDRESS


def test_flatten_gives_one_key_a_leaf():
    nested = {"a": 1, "b": {"c": [1, 2], "d": {"e": None}}, "f": [{"g": 1}, {"g": 2}]}
    assert flatten(nested) == {"a": 1, "b.c": [1, 2], "b.d.e": None, "f": '[{"g": 1}, {"g": 2}]'}


def test_words_of_the_data_stay_in_one_parameter():
    labels = {"Melanom (in situ), Clark I": "mel", "Nävus": "nv"}
    flat = flatten({"labels": labels, "images": {"mel": 3, "own code": 4}})
    assert json.loads(flat["labels"]) == labels
    assert flat["images.own code"] == 4


def test_parameters_metrics_and_artifacts_arrive(store, tmp_path, open_runs):
    metrics = tmp_path / "metrics.json"
    measured = {"test": {"accuracy": {"value": 0.5, "low": 0.4, "high": 0.6, "groups": 7}}}
    metrics.write_text(json.dumps(measured))
    run = TrackedRun(store, "named", {"env": "test"}, open_runs)
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


def test_what_mlflow_does_not_keep_whole_is_an_artifact_of_the_run(store, open_runs, tmp_path):
    run = TrackedRun(store, "long", {"command": "c" * 9000}, open_runs)
    names = {f"image_{number:05}": "mel" for number in range(900)}
    for _ in range(2):  # as when a killed run goes on
        run.log_parameters({"labels": {"a list": [names]}, "seed": 1})
    run.set_tags({"md5.raw." + "f" * 255: "0"})
    run.describe()
    run.close("FINISHED")
    client = MlflowClient()
    data = client.get_run(run.run_id).data
    assert len(data.params["labels.a list"]) == 6000
    assert data.params["labels.a list"].endswith("whole in parameters.json]")
    whole = mlflow.artifacts.load_dict(f"runs:/{run.run_id}/parameters.json")
    assert json.loads(whole["labels.a list"]) == [names]
    assert whole["seed"] == 1
    assert data.tags["command"].endswith("whole in tags/command.txt]")
    assert mlflow.artifacts.load_text(f"runs:/{run.run_id}/tags/command.txt") == "c" * 9000
    assert [len(key) for key in data.tags if key.startswith("md5.raw.")] == [250]


def test_a_run_of_short_values_has_no_artifact_for_them(store, open_runs):
    run = TrackedRun(store, "short", {"command": "kedro run"}, open_runs)
    run.log_parameters({"a": "x" * 6000})
    run.close("FINISHED")
    assert MlflowClient().list_artifacts(run.run_id) == []
    assert MlflowClient().get_run(run.run_id).data.params == {"a": "x" * 6000}


def test_several_processes_join_one_run_and_keep_its_name(store, monkeypatch, open_runs):
    client = MlflowClient(store.tracking_uri)
    first = TrackedRun(store, "whole chain", {"command": "dvc repro"}, open_runs)
    mlflow.end_run("RUNNING")  # another process has it
    monkeypatch.setenv(ADDRESS, "of its parent")
    for status in ("FINISHED", "FINISHED", "FAILED"):
        monkeypatch.setenv("MLFLOW_RUN_ID", first.run_id)  # MLflow takes it away with the end
        joined = TrackedRun(store, "another name", {"command": "kedro run"}, open_runs)
        joined.close(status)
        assert joined.run_id == first.run_id
        # Its parent ends it, or is killed before that.
        expected = "RUNNING" if status == "FINISHED" else status
        assert client.get_run(first.run_id).info.status == expected
    told = client.get_run(first.run_id)
    assert told.info.run_name == "whole chain"
    assert told.data.tags["command"] == "dvc repro"
    first.close("FAILED")


def test_a_run_that_has_ended_is_not_written_over(store, monkeypatch, open_runs):
    ended = TrackedRun(store, "ended", {}, open_runs)
    ended.close("FINISHED")
    monkeypatch.setenv("MLFLOW_RUN_ID", ended.run_id)
    with pytest.raises(TrackingError, match=r"MLFLOW_RUN_ID names a run that has ended"):
        TrackedRun(store, "another", {"commit": "another"}, open_runs)
    assert "commit" not in MlflowClient().get_run(ended.run_id).data.tags
    monkeypatch.setenv("MLFLOW_RUN_ID", "")  # as some shells unset it
    other = TrackedRun(store, "another", {}, open_runs)
    other.close("FINISHED")
    assert not other.joined


def test_what_is_logged_is_there_whatever_the_environment_says(store, monkeypatch, open_runs):
    monkeypatch.setenv("MLFLOW_ENABLE_ASYNC_LOGGING", "true")
    run = TrackedRun(store, "one by one", {}, open_runs)
    run.extend_tag("stages", ["ingest"])
    run.extend_tag("stages", ["validate"])
    assert run.stages() >= {"ingest", "validate"}
    run.close("FINISHED")


def test_stages_add_up_in_the_order_of_the_data(store, open_runs):
    run = TrackedRun(store, "stages", {}, open_runs)
    run.extend_tag("stages", ["train"])
    run.extend_tag("stages", ["ingest", "train", "train_drawing", "evaluate_drawing"])
    run.close("FINISHED")
    tags = MlflowClient().get_run(run.run_id).data.tags
    assert tags["stages"] == "ingest+train+evaluate_drawing"  # of train it goes without saying
    assert run.stages() == {"ingest", "train", "train_drawing", "evaluate_drawing"}


def test_a_run_that_could_not_be_opened_whole_is_not_called_finished(store, open_runs):
    code = (
        "import sys; from pathlib import Path;"
        "from dermaflow.tracking.tracking_config import TrackingConfig;"
        "from dermaflow.tracking.tracked_run import TrackedRun;"
        "config = TrackingConfig.model_validate_json(sys.argv[1]);"
        "TrackedRun(config, 'half open', {'k?': 'no name for MLflow'}, Path(sys.argv[2]))"
    )
    command = [sys.executable, "-c", code, store.model_dump_json(), str(open_runs)]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 1
    client = MlflowClient(store.tracking_uri)
    run = list_runs(client, store.experiment)[0]
    assert (run.info.run_name, run.info.status) == ("half open", "KILLED")


def test_a_run_that_does_the_same_as_a_killed_one_goes_on_in_it(config, open_runs):
    killed = TrackedRun(config, "killed", {"command": "first"}, open_runs, "this")
    killed.close("KILLED")
    run = TrackedRun(config, "another name", {"command": "second"}, open_runs, "this")
    found = MlflowClient().get_run(run.run_id)
    assert (run.run_id, run.joined) == (killed.run_id, False)
    assert (found.info.status, found.info.run_name) == ("RUNNING", "killed")
    assert found.data.tags["command"] == "second"
    run.close("FINISHED")
    assert not list(open_runs.glob("*.json"))


@pytest.mark.parametrize(
    ("status", "kept"), [("FINISHED", False), ("FAILED", False), ("KILLED", True)]
)
def test_a_run_ends_as_it_is_told_and_leaves_a_note_if_it_was_killed(
    config, open_runs, status, kept
):
    run = TrackedRun(config, "first", {}, open_runs, "this")
    note = open_runs / f"{run.run_id}.json"
    assert json.loads(note.read_text())["run_id"] == run.run_id
    run.close(status)
    assert MlflowClient().get_run(run.run_id).info.status == status
    assert mlflow.active_run() is None
    assert note.exists() == kept


def test_a_run_that_joins_another_leaves_no_note(config, experiment, monkeypatch, open_runs):
    monkeypatch.setenv("MLFLOW_RUN_ID", experiment.make_run(status="RUNNING"))
    run = TrackedRun(config, "joins", {}, open_runs, "this")
    assert not open_runs.exists()
    run.close("FINISHED")


def test_the_machine_is_watched_for_as_long_as_the_run_is_open(config, open_runs):
    watched = config.model_copy(update={"system_metrics_interval": 30})
    run = TrackedRun(watched, "watched", {}, open_runs)
    assert "SystemMetricsMonitor" in {thread.name for thread in threading.enumerate()}
    run.close("FINISHED")
    assert "SystemMetricsMonitor" not in {thread.name for thread in threading.enumerate()}


def test_the_description_is_of_what_the_run_holds_by_then(config, open_runs):
    run = TrackedRun(config, "described", {"env": "smoke", "data_version": "abc"}, open_runs)
    mlflow.log_metrics(name_metrics({"test": {"accuracy": Estimate(0.5, 0.4, 0.6)}}))
    run.describe()
    run.close("FINISHED")
    tags = MlflowClient().get_run(run.run_id).data.tags
    assert "| Accuracy | 0.500 | [0.400, 0.600] |" in tags["mlflow.note.content"]
    assert "`abc`" in tags["mlflow.note.content"]
