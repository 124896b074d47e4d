"""What a split's report counts."""

import json

import pandas as pd

from dermaflow.data.validation.split_report import (
    count,
    describe_duplicates,
    describe_external,
    describe_kept,
)

PAIR_COLUMNS = ["decision", "lesion_a", "lesion_b", "label_a", "label_b", "external"]


def pairs(*rows):
    return pd.DataFrame(list(rows), columns=PAIR_COLUMNS, dtype=object)


def test_pairs_are_counted_by_what_they_join():
    table = pairs(
        ("found", "l1", "l1", "nv", "mel", False),  # of one lesion, whose labels are its own affair
        ("found", "l1", "l2", "nv", "nv", False),
        ("same", "l2", "l3", "nv", "mel", False),
        ("different", "l4", "l5", "nv", "mel", False),  # people refused it
        ("different", "l4", "x1", "nv", "nv", True),
        ("found", "l1", "x1", "nv", "mel", True),
        ("same", "x1", "x2", "nv", "nv", True),
    )
    manifest = pd.DataFrame({"group_id": ["g1", "g2", "g1", "g1", "g3", "g2"]})
    assert describe_duplicates(manifest, table) == {
        "pairs_with_external_images": 2,
        "pairs_within_lesions": 1,
        "pairs_across_lesions": 2,
        "pairs_refused": 2,
        "label_disagreements": 1,
        "lesions_joined": 3,
        "largest_group": 3,
    }


def test_without_pairs_nothing_is_joined():
    manifest = pd.DataFrame({"group_id": ["g1"]})
    report = describe_duplicates(manifest, pairs())
    assert report.pop("largest_group") == 1
    assert set(report.values()) == {0}
    assert json.loads(json.dumps(report)) == report


def test_external_images_are_counted_by_source_and_side():
    manifest = pd.DataFrame(
        [
            ("a", "train", "train"),
            ("x", "external", "external"),
            ("x", "external", "external"),
            ("x", "external", "excluded"),
            ("y", "external", "excluded"),
        ],
        columns=["source", "role", "split"],
    )
    assert describe_external(manifest) == {
        "x": {"images": 2, "excluded": 1},
        "y": {"images": 0, "excluded": 1},
    }
    assert describe_external(manifest[manifest["role"] == "train"]) == {}


def test_images_that_had_to_move_are_those_on_another_side_than_before():
    manifest = pd.DataFrame({"image_id": list("abcd"), "split": ["train", "val", "test", "train"]})
    kept = pd.Series({"a": "train", "b": "test", "c": "test", "gone": "val"})
    assert describe_kept(manifest, kept) == {"images": 3, "moved": 1}
    assert describe_kept(manifest, kept[["gone"]]) == {"images": 0, "moved": 0}


def test_rows_are_counted_by_label_on_every_side_in_the_order_asked_for():
    rows = pd.DataFrame({"label": ["nv", "nv", "mel", "nv"], "fold": [2, 1, 2, 2]})
    counts = count(rows, "fold", [1, 2, 3])
    assert counts == {"mel": {"1": 0, "2": 1, "3": 0}, "nv": {"1": 1, "2": 2, "3": 0}}
    assert list(counts["nv"]) == ["1", "2", "3"]
    assert json.loads(json.dumps(counts)) == counts
    # A side that is not asked for is left out.
    assert count(rows, "fold", [1]) == {"mel": {"1": 0}, "nv": {"1": 1}}
