"""Tables of a set as a whole count what is trained on apart from what only tests."""

import pandas as pd
import pytest

from dermaflow.data.validation.set_tables import describe_classes, describe_set


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
    quarantine = rows(
        ("nv", "l6", None, "train"),
        ("bcc", "l7", None, "train"),
        ("wart", "l8", None, "train"),
        ("mel", "l9", None, "external"),
    )
    table = describe_classes(clean, quarantine, ["df", "nv", "bcc", "mel"])
    assert table.to_dict("list") == {
        "label": ["df", "nv", "bcc", "mel"],
        "images": [0, 3, 0, 2],
        "groups": [0, 2, 0, 1],
        "quarantined": [0, 1, 1, 0],
        "quarantined_share": [0, 0.25, 1, 0],
    }
    assert (table.dtypes[["images", "groups", "quarantined"]] == "int64").all()


def test_external_rows_join_no_groups_of_others():
    clean = rows(
        ("nv", "l1", "p1", "train"), ("nv", "l2", "p2", "train"), ("nv", "l2", "p1", "external")
    )
    assert describe_classes(clean, rows(), ["nv"])["groups"].tolist() == [2]


def test_of_no_row_each_class_has_none():
    table = describe_classes(rows(), rows(), ["mel", "nv"])
    assert table[["images", "groups"]].to_numpy().tolist() == [[0, 0], [0, 0]]
