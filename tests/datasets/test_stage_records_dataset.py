"""Records of stages in the catalog, which nodes may read and not write."""

import pytest
from kedro.io import DatasetError

from dermaflow.datasets import StageRecordsDataset
from dermaflow.versioning.stages.stage_records import StageRecord


def test_the_folder_is_opened_before_it_is_there_and_read_by_the_next(tmp_path):
    folder = tmp_path / "records"
    dataset = StageRecordsDataset(filepath=str(folder))
    records = dataset.load()
    assert not dataset.exists()
    assert records.latest("train") is None
    record = StageRecord(deps={"a": "1"}, parameters={}, external={}, outs={"b": "2"})
    records.announce("train", record)
    records.settle("train")
    assert dataset.exists()
    assert StageRecordsDataset(filepath=str(folder)).load().latest("train") == record


def test_no_node_may_say_what_a_stage_was_made_from(tmp_path):
    dataset = StageRecordsDataset(filepath=str(tmp_path / "records"))
    with pytest.raises(DatasetError, match="is written by the runner alone"):
        dataset.save(dataset.load())
    assert not dataset.exists()
