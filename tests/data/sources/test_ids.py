"""Ids as people, spreadsheets and pandas write them say which images belong together."""

import pandas as pd
import pytest

from dermaflow.data.sources.ids import (
    settle_lesions,
    warn_of_look_alikes,
    without_decimals,
)
from dermaflow.params.sources import FolderSource


def texts(*values):
    return pd.Series(values, dtype=object)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (["1000.0", "7.00", None], ["1000", "7", None]),
        (["1000.0", "P7"], ["1000", "P7"]),
        (["0012.0", "12"], ["0012", "12"]),  # zeros in front mean something
        (["12.0", "12.1"], ["12.0", "12.1"]),  # the second lesion of patient 12
        (["v1.0", "1.0.0"], ["v1.0", "1.0.0"]),
        ([None, None], [None, None]),
    ],
)
def test_whole_numbers_lose_their_decimals_where_no_others_have_any(written, read):
    assert without_decimals(texts(*written)).tolist() == read


def settle(*rows, **changes):
    columns = ["image_id", "lesion_id", "patient_id"]
    records = pd.DataFrame(list(rows), columns=columns, dtype=object)
    source = FolderSource(kind="folder", folder="x", licence="none", **changes)
    lesions = settle_lesions(records, source)["lesion_id"]
    return lesions.astype(object).where(lesions.notna(), None).tolist()


def test_a_row_with_a_patient_and_no_lesion_is_a_lesion_of_its_own():
    assert settle(("i1", "l1", None), ("i2", None, "p1")) == ["l1", "i2"]


def test_a_row_with_neither_stays_for_validate_to_judge():
    assert settle(("i1", "l1", None), ("i2", None, None)) == ["l1", None]


def test_a_source_that_tells_neither_is_split_by_image():
    assert settle(("i1", None, None), ("i2", None, None)) == ["i1", "i2"]


def test_lesions_that_are_numbered_within_each_patient_are_told_apart():
    rows = [("i1", "1", "p1"), ("i2", "1", "p2"), ("i3", "1", "p1"), ("i4", "2", None)]
    assert settle(*rows) == ["1", "1", "1", "2"]
    assert settle(*rows, lesions_within_patient=True) == ["p1/1", "p2/1", "p1/1", None]


@pytest.mark.parametrize(
    ("ids", "told"),
    [
        (["0012", "12", "13"], "2 patient_ids differ only by leading zeros, case, blanks or dash"),
        (["P-1", "p-001"], "differ only by leading zeros"),
        (["P 1", "P\u20131", "P_1", "P1"], "3 patient_ids differ only by leading zeros"),
        (["1-Mar", "Okt 24", "3-1"], "2 patient_ids look like dates that a spreadsheet has made"),
        (["2024-03-01 00:00:00", "D0001"], "1 patient_ids look like dates"),
        (["1.23457E+11", "5"], "1 patient_ids look like numbers that a spreadsheet has rounded"),
    ],
)
def test_ids_that_look_alike_are_named(caplog, ids, told):
    others = {"image_id": [f"i{n}" for n in range(len(ids))], "lesion_id": None}
    warn_of_look_alikes(pd.DataFrame(others | {"patient_id": ids}))
    [message] = caplog.messages
    assert told in message
    assert ids[0] in message


def test_ids_that_differ_are_not_named(caplog):
    ids = {"image_id": ["i1", "i10", "i100"], "lesion_id": ["100", "10", "1"]}
    warn_of_look_alikes(pd.DataFrame(ids | {"patient_id": ["1e5", "0", "00x"]}))
    assert not caplog.messages
