"""What a tracker does when MLflow itself fails."""

import logging

import pytest
from kedro.io import DataCatalog, MemoryDataset

from dermaflow.datasets import StageRecordsDataset
from dermaflow.tracking.tracker import Tracker, raw_tags


@pytest.fixture
def tracker(tmp_path, local_config):
    """A tracker with an open run in a store that is gone."""
    catalog = DataCatalog(
        {
            "stage_records": StageRecordsDataset(filepath=str(tmp_path / "records")),
            "parameters": MemoryDataset({}),
        }
    )
    tags = {"git_dirty": "false"}
    tracker = Tracker(
        tmp_path, "smoke", local_config(tmp_path), catalog, {}, "a run", tags, requested=()
    )
    tracker.open()
    (tmp_path / "db/mlflow.db").write_bytes(b"overwritten")
    return tracker


def test_the_error_of_a_run_is_not_hidden_by_one_of_mlflow(tracker, caplog):
    caplog.set_level(logging.WARNING)
    tracker.fail(RuntimeError("the real cause"))
    assert "could not be told to MLflow" in caplog.text
    tracker.fail(RuntimeError("again"))  # nothing is open any more


def test_raw_data_are_tagged_by_the_names_of_files():
    versions = {"data/01_raw/clinic": "1.dir", "/mnt/a/list.csv": "2", "/mnt/b/list.csv": "3"}
    assert raw_tags(versions) == {
        "md5.raw.clinic": "1.dir",
        "md5.raw./mnt/a/list.csv": "2",
        "md5.raw./mnt/b/list.csv": "3",
    }
