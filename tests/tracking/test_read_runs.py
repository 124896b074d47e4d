"""From runs in a real store to what a comparison shows of them."""

import io
from datetime import UTC, datetime

import pandas as pd
import pytest

from dermaflow.errors import RunLookupError
from dermaflow.ml.evaluation.estimate import Estimate
from dermaflow.tracking.metric_names import name_metrics
from dermaflow.tracking.read_runs import read_run, read_runs

PREDICTIONS = pd.DataFrame(
    {
        "image_id": ["a", "b"],
        "group_id": ["g", "g"],
        "p_nv": [0.75, 0.25],
        "p_bcc": [0.25, 0.75],
        "label": ["nv", "bcc"],
        "split": ["test", "test"],
    }
)
TAGS = {
    "env": "smoke",
    "command": "kedro run --env smoke",
    "mlflow.source.git.commit": "c0ffee",
    "git_dirty": "true",
    "data_version": "d1",
}


def as_parquet(table):
    buffer = io.BytesIO()
    table.to_parquet(buffer)
    return buffer.getvalue()


@pytest.fixture
def read(experiment):
    """Make a run and read it."""

    def make(**held):
        run = experiment.client.get_run(experiment.make_run(**held))
        return read_run(experiment.client, run, "A")

    return make


def test_a_whole_run_is_read_as_it_was_logged(read):
    scores = {"accuracy": Estimate(0.5, 0.4, 0.7, 9), "images": Estimate(2.0)}
    curves = {
        "train/loss": [(2, 0.5), (1, 1.0), (10, 0.25)],  # as two processes may log it
        "train/val_balanced_accuracy": [(10, 0.75)],
        "train/lr": [(1, 0.1)],  # nothing that a comparison draws
    }
    found = read(
        name="whole",
        start=1_000_000_500,
        seconds=65.5,
        metrics=name_metrics({"test": scores, "val": {"accuracy": Estimate(0.9)}}) | curves,
        parameters={"train.epochs": "2"},
        tags=TAGS,
        artifacts={"evaluation/predictions.parquet": as_parquet(PREDICTIONS)},
    )
    assert (found.label, found.name, found.status) == ("A", "whole", "FINISHED")
    assert found.started == datetime(1970, 1, 12, 13, 46, 40, 500_000, UTC)
    assert found.seconds == 65.5
    assert (found.env, found.command) == ("smoke", "kedro run --env smoke")
    assert (found.commit, found.dirty, found.data_version) == ("c0ffee", True, "d1")
    assert found.parameters == {"train.epochs": "2"}
    assert (found.result, found.scores) == ("test", scores)
    assert found.curves == {
        "train/loss": [(1, 1.0), (2, 0.5), (10, 0.25)],
        "train/val_balanced_accuracy": [(10, 0.75)],
    }
    assert found.classes == ("nv", "bcc")
    pd.testing.assert_frame_equal(found.predictions, PREDICTIONS)
    assert found.missing == ()


def test_a_run_that_left_nothing_says_what_it_lacks(read):
    found = read(
        status="RUNNING", tags={"mlflow.source.git.commit": "none", "git_dirty": "unknown"}
    )
    assert (found.status, found.seconds, found.commit, found.dirty) == (
        "RUNNING",
        None,
        None,
        None,
    )
    assert (found.env, found.command, found.data_version) == (None, None, None)
    assert (found.scores, found.predictions, found.classes) == ({}, None, ())
    assert found.missing == (
        "It logged no metrics of the test split.",
        "It has no evaluation/predictions.parquet.",
        "It logged no training curves.",
        "It does not say which version of the data it used.",
    )


def test_a_run_without_an_image_of_a_class_says_so(read):
    found = read(metrics={"test/df/support": 0.0, "test/nv/support": 3.0})
    assert "It has no image of df: means are over the other classes." in found.missing


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"no table", "cannot be read"),
        (as_parquet(PREDICTIONS)[:-20], "cannot be read"),
        (
            as_parquet(PREDICTIONS.drop(columns=["split", "group_id"])),
            "lacks the columns group_id, split",
        ),
    ],
)
def test_predictions_that_cannot_be_compared_are_left_out_by_name(read, content, problem):
    found = read(
        metrics={"test/accuracy": 0.5, "train/loss": 1.0},
        tags=TAGS,
        artifacts={"evaluation/predictions.parquet": content},
    )
    assert (found.predictions, found.classes) == (None, ())
    assert found.missing == (f"Its evaluation/predictions.parquet {problem}.",)


@pytest.mark.parametrize("result", ["crossval", "crossval_LEAKING"])
def test_a_cross_validation_is_compared_by_its_pooled_predictions(read, result):
    held = {
        "tags": TAGS,
        "artifacts": {
            "evaluation/predictions.parquet": as_parquet(PREDICTIONS.tail(1)),
            "crossval/crossval_predictions.parquet": as_parquet(PREDICTIONS),
        },
    }
    metrics = {f"{result}/accuracy": 0.5, "crossval_folds/mean/accuracy": 0.1}
    found = read(metrics=metrics, **held)
    assert (found.result, found.scores) == (result, {"accuracy": Estimate(0.5)})
    assert len(found.predictions) == 2
    assert found.missing == ()  # it has no curves of its own
    # A test split of its own comes first.
    found = read(metrics=metrics | {"test/accuracy": 0.25, "train/loss": 1.0}, **held)
    assert (found.result, found.scores) == ("test", {"accuracy": Estimate(0.25)})
    assert len(found.predictions) == 1


def test_runs_are_labelled_in_the_order_in_which_a_user_names_them(experiment, config):
    # Made in another order than they began in.
    starts = {"second": 2_000, "third": 3_000, "first": 1_000, "deleted": 4_000}
    ids = {name: experiment.make_run(name, start=start) for name, start in starts.items()}
    experiment.client.delete_run(ids["deleted"])
    found = read_runs(config, ["latest~2", "latest", ids["second"][:12]])
    assert [(run.label, run.name) for run in found] == [
        ("A", "first"),
        ("B", "third"),
        ("C", "second"),
    ]


def test_a_run_that_is_named_twice_is_refused(experiment, config):
    run_id = experiment.make_run("only")
    experiment.make_run("another", start=1)
    with pytest.raises(RunLookupError, match=rf"^'latest' is run {run_id}, which is named twice$"):
        read_runs(config, ["latest", "another", "only"])
