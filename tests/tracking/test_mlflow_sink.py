"""The sink into a real MLflow run."""

import pickle

import mlflow
import numpy as np
import pytest
from mlflow import MlflowClient

from dermaflow.ml.training.metric_sink import NullSink
from dermaflow.tracking.killed_run import nested_runs
from dermaflow.tracking.mlflow_sink import MlflowSink, current_sink


@pytest.fixture
def run_id(experiment):
    """Id of an open run."""
    return experiment.make_run(status="RUNNING", tags={"kept": "as it was", "stage": "before"})


@pytest.fixture
def sink(store, run_id):
    return MlflowSink(run_id, store.tracking_uri)


def points_of(experiment, run_id, name):
    history = experiment.client.get_metric_history(run_id, name)
    return [(point.step, point.value) for point in history]


def test_every_call_adds_a_point_to_a_curve_that_can_be_seen_at_once(experiment, run_id, sink):
    sink.log({"train/loss": np.float32(0.5), "train/lr": 1}, step=5)
    sink.log({"train/loss": 0.25}, step=7)
    assert points_of(experiment, run_id, "train/loss") == [(5, 0.5), (7, 0.25)]
    assert points_of(experiment, run_id, "train/lr") == [(5, 1.0)]


def test_more_metrics_than_mlflow_takes_at_once_all_arrive_at_one_step(experiment, run_id, sink):
    metrics = {f"m{number}": number / 2 for number in range(1001)}
    sink.log(metrics, step=3)
    assert experiment.client.get_run(run_id).data.metrics == metrics
    assert points_of(experiment, run_id, "m0") == [(3, 0.0)]
    assert points_of(experiment, run_id, "m1000") == [(3, 500.0)]


def test_tags_replace_those_of_the_same_name_alone(experiment, run_id, sink):
    sink.tag({"stage": "after", "new": "x"})
    tags = experiment.client.get_run(run_id).data.tags
    assert (tags["kept"], tags["stage"], tags["new"]) == ("as it was", "after", "x")


def test_a_sink_that_was_sent_to_another_process_writes_to_the_run_of_its_own_store(
    experiment, run_id, sink, tmp_path
):
    sent = pickle.dumps(sink.log)
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path}/of_the_other_process.db")
    pickle.loads(sent)({"train/loss": 0.25}, 3)  # noqa: S301 - it was made here
    assert points_of(experiment, run_id, "train/loss") == [(3, 0.25)]


def test_a_part_is_in_the_store_of_its_whole(experiment, run_id, sink, tmp_path):
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path}/another.db")
    with sink.part("fold 1", {}, {}) as part:
        part.log({"train/loss": 0.25}, step=3)
    (nested,) = nested_runs(experiment.client, run_id)
    assert points_of(experiment, nested.info.run_id, "train/loss") == [(3, 0.25)]


def test_the_current_sink_writes_to_the_active_run_and_keeps_nothing_without_one(experiment):
    assert isinstance(current_sink(), NullSink)
    with mlflow.start_run(experiment_id=experiment.id) as run:
        current_sink().log({"train/loss": 1.0}, step=0)
    assert isinstance(current_sink(), NullSink)
    assert MlflowClient().get_run(run.info.run_id).data.metrics == {"train/loss": 1.0}
