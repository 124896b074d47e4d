"""Each row and file that is set aside has a reason, and none is lost or there twice."""

import numpy as np
import pandas as pd
import pytest

from dermaflow.data.validation.quarantine import (
    LINKED,
    LISTED_ELSEWHERE,
    PACKED,
    QUARANTINE_COLUMNS,
    REPEATED,
    UNLISTED,
    UNUSABLE_MASK,
    Fault,
    StrayFile,
    build_quarantine,
    count_reasons,
    find_doubles,
    find_faults,
    find_strays,
)
from dermaflow.data.validation.suites import Outcome, SuiteResult
from dermaflow.params.validate import ExpectationParams

UNREADABLE = "image cannot be read"


def manifest(*rows, **columns):
    """Rows of (image_id, source, label)."""
    table = pd.DataFrame(list(rows), columns=["image_id", "source", "label"], dtype=object)
    return table.assign(file=table["image_id"] + ".jpg", error=None).assign(**columns)


def result(reason, column, rows, on_failure="quarantine", success=False):
    params = ExpectationParams(
        expectation="expect_x", kwargs={}, on_failure=on_failure, reason=reason
    )
    return SuiteResult("rows", (Outcome(params, column, success, 9, tuple(rows), ""),), {})


def doubles_of(rows):
    return {rule: list(found) for rule, found in find_doubles(rows).items()}


def test_of_equal_rows_and_of_two_sources_the_first_stays():
    rows = manifest(
        ("a", "home", "nv"),
        ("a", "home", "nv"),  # repeats
        ("a", "home", "mel"),  # contradicts, which a suite tells
        ("a", "clinic", "nv"),  # listed elsewhere
        ("a", "clinic", "nv"),  # as well, and no repetition of a row that stays
        ("b", "clinic", "nv"),
        ("b", "home", "nv"),  # the other source was first
    )
    assert doubles_of(rows) == {REPEATED: [1], LISTED_ELSEWHERE: [3, 4, 6]}


def test_rows_without_an_id_are_no_doubles_of_each_other():
    rows = manifest((None, "home", "nv"), (None, "home", "nv"), (None, "clinic", "nv"))
    assert doubles_of(rows) == {REPEATED: [], LISTED_ELSEWHERE: []}


def test_every_fault_of_a_row_is_told_with_the_stage_that_saw_it():
    rows = manifest(("a", "s", "nv"), ("b", "s", "x"), age=[400.0, 5.0], error=[None, "torn"])
    found = find_faults(
        rows,
        {REPEATED: pd.Index([1])},
        [result("age is impossible", "age", [0]), result("label is none", "label", [1])],
    )
    assert [(fault.row, fault.reason, fault.stage) for fault in found] == [
        (1, f"{UNREADABLE} (torn)", "ingest"),
        (1, REPEATED, "validate"),
        (0, "age is impossible (age: 400)", "validate"),
        (1, "label is none (label: x)", "validate"),
    ]


@pytest.mark.parametrize(
    "changes", [{"on_failure": "warn"}, {"on_failure": "stop"}, {"success": True}]
)
def test_what_only_warns_or_stops_or_is_met_sets_no_row_aside(changes):
    rows = manifest(("a", "s", "nv"), age=400.0)
    assert find_faults(rows, {}, [result("age is impossible", "age", [0], **changes)]) == []


@pytest.mark.parametrize(
    ("column", "value", "detail"),
    [
        ("age", 0.5, " (age: 0.5)"),
        ("age", np.nan, ""),
        ("label", "x" * 40, f" (label: {'x' * 40})"),
        ("label", "x" * 41, ""),  # not worth a line
        ("patient_id", "Ann", ""),  # an identity stays where it is
        ("age, label", None, ""),  # of several columns together
        ("aspect_ratio", None, ""),  # that no manifest has
    ],
)
def test_a_value_is_told_where_it_is_short_and_no_identity(column, value, detail):
    rows = manifest(("a", "s", "nv"), patient_id=None, age=1.0)
    if column in rows:
        rows[column] = [value]
    [fault] = find_faults(rows, {}, [result("it is wrong", column, [0])])
    assert fault.reason == f"it is wrong{detail}"


def test_a_row_is_in_quarantine_once_with_all_reasons_and_the_first_stage():
    rows = manifest(("a", "s", "nv"), ("b", "t", "mel"), ("c", "s", "nv"))
    faults = [
        Fault(2, "too dark", "", "validate"),
        Fault(0, "first", "1", "validate"),
        Fault(0, UNREADABLE, "torn", "ingest"),
    ]
    table = build_quarantine(rows, faults, [StrayFile(UNLISTED, file="x.jpg", source="t")])
    assert tuple(table.columns) == QUARANTINE_COLUMNS
    assert table.to_numpy().tolist() == [
        ["a", "a.jpg", "nv", "s", "ingest", f"first (1); {UNREADABLE} (torn)"],
        ["c", "c.jpg", "nv", "s", "validate", "too dark"],
        [None, "x.jpg", None, "t", "ingest", UNLISTED],
    ]


def test_of_nothing_an_empty_table_with_its_columns_is_made():
    table = build_quarantine(manifest(("a", "s", "nv")), [], [])
    assert table.empty
    assert tuple(table.columns) == QUARANTINE_COLUMNS


def test_files_that_no_row_lists_are_told_by_what_they_are():
    unlisted = {"s": ["a.jpg", "more.ZIP", "old.tar.gz"], "t": ["linked/", "zip"], "u": []}
    strays = find_strays(unlisted, manifest(), None)
    assert [(stray.source, stray.file, stray.reason) for stray in strays] == [
        ("s", "a.jpg", UNLISTED),
        ("s", "more.ZIP", PACKED),
        ("s", "old.tar.gz", PACKED),
        ("t", "linked/", LINKED),
        ("t", "zip", UNLISTED),
    ]


def test_a_mask_that_failed_is_told_with_its_image_and_source_once():
    rows = manifest(("a", "s", "nv"), ("b", "t", "nv"), ("b", "s", "nv"), ("c", "s", "nv"))
    masks = pd.DataFrame({"image_id": ["a", "b", "c"], "error": [None, "torn", "empty file"]})
    strays = find_strays({}, rows, masks)
    told = [(stray.image_id, stray.source, stray.file, stray.reason) for stray in strays]
    assert told == [
        ("b", "t", None, f"{UNUSABLE_MASK} (torn)"),
        ("c", "s", None, f"{UNUSABLE_MASK} (empty file)"),
    ]
    # A store without any mask has no column of errors.
    assert find_strays({}, rows, pd.DataFrame({"image_id": [], "row": []})) == []


def test_a_row_counts_once_for_each_rule_and_the_most_frequent_comes_first():
    faults = [
        Fault(0, "b", "1", "validate"),
        Fault(0, "b", "2", "validate"),  # of two expectations with one reason
        Fault(1, "a", "", "validate"),
        Fault(0, "a", "", "validate"),
        Fault(2, "c", "", "ingest"),
    ]
    counts = count_reasons(faults, [StrayFile(UNLISTED, file=name) for name in "xyz"])
    assert list(counts.items()) == [(UNLISTED, 3), ("a", 2), ("b", 1), ("c", 1)]
    assert count_reasons([], []) == {}
