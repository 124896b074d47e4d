"""Tables of a set as a whole count what is trained on apart from what only tests."""

import pandas as pd
import pytest

from dermaflow.data.validation.set_tables import (
    count_labels_of_files,
    describe_classes,
    describe_grouping,
    describe_groups_of,
    describe_lesions,
    describe_loners,
    describe_set,
)


def of_sources(*sources):
    return pd.DataFrame({"source": pd.Series(sources, dtype=object)})


def test_external_sources_count_in_columns_of_their_own():
    clean = of_sources("a", "a", "a", "b", "x")
    quarantine = of_sources("a", "x", "x", "y")
    [row] = describe_set(clean, quarantine, ["a", "b", "y", None], {"x", "y"}).to_dict("records")
    assert row == {
        "images": 4,
        "quarantined": 1,
        "quarantined_share": pytest.approx(1 / 5),
        "strays": 3,
        "external_images": 1,
        "external_quarantined": 3,
        "external_quarantined_share": pytest.approx(3 / 4),
        "external_strays": 1,
    }


def test_of_nothing_no_share_is_quarantined():
    [row] = describe_set(of_sources(), of_sources(), [], set()).to_dict("records")
    assert set(row.values()) == {0}
    [row] = describe_set(of_sources(), of_sources("a"), [], set()).to_dict("records")
    assert (row["images"], row["quarantined_share"]) == (0, 1)


def rows(*table):
    columns = ["label", "lesion_id", "patient_id", "role"]
    rows = pd.DataFrame(list(table), columns=columns, dtype=object)
    return rows.assign(sha256=None, image_id=[f"i{number}" for number in range(len(rows))])


def test_each_class_is_there_with_its_images_and_groups_even_without_any():
    clean = rows(
        ("nv", "l1", None, "train"),
        ("nv", "l1", None, "train"),
        ("nv", "l2", None, "train"),
        ("mel", "l3", "p", "train"),
        ("mel", "l4", "p", "train"),  # another lesion of one patient
        ("df", "l5", None, "external"),  # on which nothing is trained
    )
    table = describe_classes(clean, ["df", "nv", "bcc", "mel"])
    assert table.to_dict("list") == {
        "label": ["df", "nv", "bcc", "mel"],
        "images": [0, 3, 0, 2],
        "groups": [0, 2, 0, 1],
    }
    assert (table.dtypes[["images", "groups"]] == "int64").all()


def test_groups_and_lesions_are_told_with_the_largest_and_most_contradictory_first():
    clean = rows(
        ("nv", "l1", None, "train"),
        ("mel", "l1", None, "train"),
        ("nv", "l2", "p", "train"),
        ("nv", "l3", "p", "train"),
        ("nv", "l4", "p", "train"),
        ("nv", "l5", None, "external"),
    )
    groups = describe_groups_of(clean).drop(columns="role").to_dict("records")
    assert groups[:2] == [
        {"group_id": "l2", "images": 3, "lesions": 3, "patients": 1, "classes": 1, "share": 0.6},
        {"group_id": "l1", "images": 2, "lesions": 1, "patients": 0, "classes": 2, "share": 0.4},
    ]
    assert (groups[2]["group_id"], groups[2]["share"]) == ("l5", 1)
    lesions = describe_lesions(clean)
    assert lesions.iloc[0].to_dict() == {
        "lesion_id": "l1",
        "images": 2,
        "classes": 2,
        "labels": "mel, nv",
    }


def test_images_that_nothing_keeps_with_others_are_counted_by_source():
    clean = rows(
        ("nv", "i0", None, "train"), ("nv", "l1", None, "train"), ("nv", None, "p", "train")
    ).assign(source=["a", "a", "b"])
    grouping = describe_grouping(clean)
    assert grouping == {
        "a": {"images": 2, "by_patient": 0, "by_lesion": 1, "alone": 1},
        "b": {"images": 1, "by_patient": 1, "by_lesion": 0, "alone": 0},
    }
    [told] = describe_loners(grouping)
    assert told.startswith("a: 1 of 2 images name neither")


def test_labels_of_one_file_are_counted_among_classes_and_by_role():
    table = rows(
        *[(label, "l", None, "train") for label in ("nv", "mel", "wart")],
        ("df", "l", None, "external"),
    ).assign(sha256=["x", "x", "x", "x"])
    assert count_labels_of_files(table, ["nv", "mel", "df"]).tolist() == [2, 2, 2, 1]
    assert count_labels_of_files(table, ["nv", "df"]).tolist() == [1, 1, 1, 1]
    assert count_labels_of_files(table.assign(sha256=None), ["nv"]).isna().all()


def test_external_rows_join_no_groups_of_others():
    clean = rows(
        ("nv", "l1", "p1", "train"), ("nv", "l2", "p2", "train"), ("nv", "l2", "p1", "external")
    )
    assert describe_classes(clean, ["nv"])["groups"].tolist() == [2]


def test_of_no_row_each_class_has_none():
    table = describe_classes(rows(), ["mel", "nv"])
    assert table[["images", "groups"]].to_numpy().tolist() == [[0, 0], [0, 0]]
