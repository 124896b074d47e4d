"""Records of stages, and their lock."""

from dataclasses import replace

import pytest

from dermaflow.versioning.stages.stage_records import StageRecord, StageRecords

RECORD = StageRecord(
    deps={"data/in": "1"},
    parameters={"train": {"epochs": 2}},
    external={"raw": "r"},
    outs={"o": "9"},
)


@pytest.fixture
def records(tmp_path):
    return StageRecords(tmp_path / "records")


def keep(records, record):
    records.announce("train", record)
    records.settle("train")


def test_a_kept_record_is_found_by_what_the_stage_is_made_from(records):
    keep(records, RECORD)
    now = replace(RECORD, outs={"o": None})
    assert records.find("train", now.key) == RECORD
    assert records.find("train", replace(now, deps={"data/in": "2"}).key) is None
    assert records.find("evaluate", now.key) is None


@pytest.mark.parametrize(
    ("change", "confirmed"),
    [
        ({}, True),
        ({"outs": {"o": "8"}}, False),
        ({"outs": {"o": None}}, False),
        ({"deps": {"data/in": "2"}}, False),
        ({"parameters": {"train": {"epochs": 3}}}, False),
        ({"external": {"raw": "other"}}, False),
        ({"external": {"raw": None}}, True),  # raw files are gone, the outputs are not
        ({"external": {"raw": "r", "more": "m"}}, False),
    ],
)
def test_a_record_confirms_the_outputs_of_the_same_origin_only(change, confirmed):
    assert RECORD.confirms(replace(RECORD, **change)) is confirmed


def test_missing_inputs_confirm_nothing():
    broken = replace(RECORD, deps={"data/in": None})
    assert not broken.confirms(broken)


def test_an_announced_record_counts_once_settled(records):
    records.announce("train", RECORD)
    assert records.find("train", RECORD.key) is None
    assert records.announced("train") == RECORD
    records.settle("train")
    assert records.announced("train") is None
    assert records.find("train", RECORD.key) == RECORD
    assert records.latest("train") == RECORD


def test_one_of_unsure_origin_is_not_kept(records):
    unsure = replace(RECORD, deps={"data/in": None})
    records.announce("train", unsure)
    records.settle("train")
    assert records.announced("train") is None
    assert records.latest("train") is None


def test_whatever_a_stage_wrote_is_known_the_latest_first(records):
    assert records.written("train", "o") == []
    keep(records, RECORD)
    keep(records, replace(RECORD, deps={"data/in": "2"}, outs={"o": "8"}))
    keep(records, replace(RECORD, deps={"data/in": None}, outs={"o": "7"}))  # on no record
    assert records.written("train", "o") == ["7", "8", "9"]
    assert records.written("train", "other") == []
    assert records.latest("train").outs == {"o": "8"}


def test_a_damaged_record_is_none(records):
    keep(records, RECORD)
    path = records.folder / "train" / f"{RECORD.key}.json"
    path.write_text(path.read_text()[:40])
    assert records.find("train", RECORD.key) is None
