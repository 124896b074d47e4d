"""Hostile rows and files are set aside one by one, and their neighbours are stored."""

import re

import numpy as np
import pandas as pd
import pytest

from hostile import rows
from hostile.pictures import encode, picture, pixels
from hostile.stages import run_stages
from hostile.world import describe_table, quiet, run_watched, write_table

ROW_CASES = [*rows.CASES, *rows.ACCEPTED, *rows.UNSET]


def listed(case):
    return case.rows(ROW_CASES.index(case))


@pytest.fixture(scope="module")
def outcome(root, params):
    table = [row for case in ROW_CASES for row in listed(case)]
    table += [{"id": case.id, "file": case.id} for case in rows.FILE_CASES]
    folder = write_table(root, table)
    (folder / "other.png").write_bytes(encode(picture(5)))
    for name in (rows.SOUND, "nameless.png", "blank.png", "folder/inner.png"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(encode(picture()))
    (root / "secret.png").write_bytes(encode(picture(9)))
    (folder / "packed.zip").write_bytes(b"PK\5\6" + bytes(18))
    rows.plant_strays(folder)
    for case in rows.FILE_CASES:
        case.put(folder / case.id)
    return run_watched(root, describe_table(root), params)


@pytest.mark.parametrize("case", rows.CASES, ids=lambda case: case.id)
def test_a_hostile_row_is_quarantined_with_its_reason(outcome, case):
    first = listed(case)[0]
    name = first["id"].strip()
    quarantined = outcome.quarantine[outcome.quarantine["image_id"] == name]
    fate = outcome.fate(name) if name else outcome.fate_of_file(first["file"])
    assert case.reason in fate
    if case.reason == rows.CONTRADICTION:
        assert len(quarantined) == 2
        assert "stored" not in fate
    assert ("stored" in fate) == (case.reason == rows.REPEAT)


@pytest.mark.parametrize("case", rows.ACCEPTED, ids=lambda case: case.id)
def test_an_odd_but_sound_row_is_stored(outcome, case):
    row = listed(case)[0]
    assert outcome.fate(row["id"]) == "stored"
    assert np.array_equal(outcome.pixels(row["id"]), pixels())
    kept = outcome.clean.set_index("image_id").loc[row["id"]]
    assert kept["localization"] == row["where"]
    assert kept["label"] == "nv"
    assert pd.isna(kept["sex"]) if row["sex"] == "Unknown" else kept["sex"] == "female"


@pytest.mark.parametrize("case", rows.UNSET, ids=lambda case: case.id)
def test_an_optional_value_that_cannot_be_used_costs_no_row(outcome, case):
    row = listed(case)[0]
    assert outcome.fate(row["id"]) == "stored"
    kept = outcome.clean.set_index("image_id").loc[row["id"]]
    known = {"age": 40, "sex": "female", "dx_type": "histo"}
    for column, value in known.items():
        assert pd.isna(kept[column]) if column == case.reason else kept[column] == value


def test_values_that_count_as_not_known_are_told(outcome):
    told = [text for text in outcome.report["warnings"] if "it counts as not known" in text]
    assert len(told) == 3  # age, sex and dx_type
    assert any("sex is none of the known values" in text and "2 of" in text for text in told)


@pytest.mark.parametrize("case", rows.FILE_CASES, ids=lambda case: case.id)
def test_what_is_no_file_is_quarantined_with_its_reason(outcome, case):
    assert case.says in outcome.fate(case.id)
    assert case.id not in outcome.images


@pytest.mark.parametrize("file", rows.STRAYS)
def test_what_no_row_lists_is_told(outcome, file):
    assert outcome.fate_of_file(file) == rows.STRAYS[file]


def test_documents_and_hidden_files_are_not_told(outcome):
    assert not set(rows.IGNORED) & set(outcome.unlisted)
    assert rows.SOUND not in outcome.unlisted


def test_pages_and_reasons_run_nothing_and_steer_no_terminal(outcome):
    assert "<script>alert" not in outcome.page
    for text in outcome.quarantine["reason"]:
        assert text.isprintable()


@pytest.mark.skipif("os.geteuid() == 0", reason="root may read everything")
def test_an_unreadable_file_costs_itself_alone(tmp_path, params):
    folder = write_table(tmp_path, [{"id": "locked", "file": "locked.png"}])
    (folder / "locked.png").write_bytes(encode(picture()))
    (folder / "locked.png").chmod(0)
    outcome = run_watched(tmp_path, describe_table(tmp_path), params)
    assert outcome.fate("locked") == "image cannot be read (Permission denied)"


def test_a_table_without_any_id_loses_no_row(tmp_path, params):
    write_table(tmp_path, [])
    table = (tmp_path / "list.csv").read_text()
    (tmp_path / "list.csv").write_text(re.sub(r'^"sound \d"', '""', table, flags=re.MULTILINE))
    with quiet():
        outcome = run_stages(tmp_path / "out", describe_table(tmp_path), params)
    assert outcome.clean.empty
    assert outcome.quarantine["file"].tolist() == ["sound 1.png", "sound 2.png", "sound 3.png"]
    assert outcome.quarantine["reason"].str.contains(rows.NO_ID).all()
