"""What a tracker does when MLflow itself fails."""

import logging

import pytest
from kedro.io import DataCatalog, MemoryDataset

from dermaflow.datasets import StageRecordsDataset
from dermaflow.tracking.config import TrackingConfig
from dermaflow.tracking.tracker import Tracker


@pytest.fixture
def tracker(tmp_path, monkeypatch):
    """A tracker with an open run in a store that is gone."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)  # MLflow sets it for a chosen store
    config = TrackingConfig(
        tracking_uri="sqlite:///db/mlflow.db",
        artifact_location="artifacts",
        experiment="dermaflow",
        system_metrics_interval=0,
    ).resolve(tmp_path)
    catalog = DataCatalog(
        {
            "stage_records": StageRecordsDataset(filepath=str(tmp_path / "records")),
            "parameters": MemoryDataset({}),
        }
    )
    tags = {"git_dirty": "false"}
    tracker = Tracker(tmp_path, "smoke", config, catalog, {}, "a run", tags, requested=())
    tracker.open()
    for file in (tmp_path / "db").iterdir():
        file.write_bytes(b"overwritten")
    return tracker


def test_the_error_of_a_run_is_not_hidden_by_one_of_mlflow(tracker, caplog):
    caplog.set_level(logging.WARNING)
    tracker.fail(RuntimeError("the real cause"))
    assert "could not be told to MLflow" in caplog.text
    tracker.fail(RuntimeError("again"))  # nothing is open any more
