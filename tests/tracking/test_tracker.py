"""What a tracker does when MLflow itself fails."""

import logging

import pytest

from dermaflow.tracking.run_tags import raw_tags


@pytest.fixture
def tracker(tmp_path, make_tracker):
    """A tracker with an open run in a store that is gone."""
    tracker = make_tracker({})
    tracker.open()
    (tmp_path / "db/mlflow.db").write_bytes(b"overwritten")
    return tracker


def test_the_error_of_a_run_is_not_hidden_by_one_of_mlflow(tracker, caplog):
    caplog.set_level(logging.WARNING)
    tracker.fail(RuntimeError("the real cause"))
    assert "could not be told to MLflow" in caplog.text
    tracker.fail(RuntimeError("again"))  # nothing is open any more


def test_a_killed_run_is_known_again_in_whatever_order_its_parameters_come(
    make_tracker, forget_process
):
    train = {"epochs": 2, "batch_size": 4}
    first = make_tracker({"train": train, "seed": 1})
    first.open()
    run_id = first._run.run_id
    first._run.close("KILLED")
    forget_process()
    again = make_tracker({"seed": 1, "train": dict(reversed(train.items()))})
    again.open()
    assert again._run.run_id == run_id
    again._run.close("FINISHED")


def test_raw_data_are_tagged_by_the_names_of_files():
    versions = {"data/01_raw/clinic": "1.dir", "/mnt/a/list.csv": "2", "/mnt/b/list.csv": "3"}
    assert raw_tags(versions) == {
        "md5.raw.clinic": "1.dir",
        "md5.raw./mnt/a/list.csv": "2",
        "md5.raw./mnt/b/list.csv": "3",
    }
