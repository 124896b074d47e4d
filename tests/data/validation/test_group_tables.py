"""What keeps images together is told, and ids that may stand for too many."""

import json

import pandas as pd

from dermaflow.data.validation.group_tables import (
    count_grouping,
    count_labels_of_files,
    name_loners,
    name_ties,
    report_groups,
    tabulate_groups,
    tabulate_lesions,
)


def rows(*table):
    columns = ["label", "lesion_id", "patient_id", "role"]
    rows = pd.DataFrame(list(table), columns=columns, dtype=object)
    return rows.assign(sha256=None, image_id=[f"i{number}" for number in range(len(rows))])


def test_groups_and_lesions_are_told_with_the_largest_and_most_contradictory_first():
    clean = rows(
        ("nv", "l1", None, "train"),
        ("mel", "l1", None, "train"),
        ("nv", "l2", "p", "train"),
        ("nv", "l3", "p", "train"),
        ("nv", "l4", "p", "train"),
        ("nv", "l5", None, "external"),
    )
    groups = tabulate_groups(clean).drop(columns="role").to_dict("records")
    assert groups[:2] == [
        {"group_id": "l2", "images": 3, "lesions": 3, "patients": 1, "classes": 1, "share": 0.6},
        {"group_id": "l1", "images": 2, "lesions": 1, "patients": 0, "classes": 2, "share": 0.4},
    ]
    assert (groups[2]["group_id"], groups[2]["share"]) == ("l5", 1)
    lesions = tabulate_lesions(clean)
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
    grouping = count_grouping(clean)
    assert grouping == {
        "a": {"images": 2, "by_patient": 0, "by_lesion": 1, "alone": 1},
        "b": {"images": 1, "by_patient": 1, "by_lesion": 0, "alone": 0},
    }
    [told] = name_loners(grouping)
    assert told.startswith("a: 1 of 2 images name neither")


def test_labels_of_one_file_are_counted_among_classes_and_by_role():
    table = rows(
        *[(label, "l", None, "train") for label in ("nv", "mel", "wart")],
        ("df", "l", None, "external"),
    ).assign(sha256=["x", "x", "x", "x"])
    assert count_labels_of_files(table, ["nv", "mel", "df"]).tolist() == [2, 2, 2, 1]
    assert count_labels_of_files(table, ["nv", "df"]).tolist() == [1, 1, 1, 1]
    assert count_labels_of_files(table.assign(sha256=None), ["nv"]).isna().all()


def test_the_report_names_the_largest_and_is_json():
    clean = rows(*[("nv", f"l{n}", None, "train") for n in range(20)], ("mel", "l7", None, "train"))
    clean["source"] = "a"
    report = report_groups(tabulate_groups(clean), tabulate_lesions(clean), count_grouping(clean))
    assert json.loads(json.dumps(report)) == report
    assert report["largest_groups"][0]["group_id"] == "l7"
    assert len(report["largest_groups"]) == 10
    several = report["lesions_of_several_classes"]
    assert several["lesions"] == len(several["of_most_classes"]) == 1


def test_the_id_that_ties_a_class_together_is_named():
    """Lesions that are numbered anew within each patient."""
    clean = rows(
        *(("mel", str(shot), f"p{patient}", "train") for patient in range(5) for shot in (1, 2)),
        ("mel", "9", "p9", "train"),
        ("nv", "10", "p10", "train"),
        ("nv", "11", "p11", "train"),
    )
    [told] = name_ties(clean, ["mel", "nv", "df"])
    assert told.startswith(
        "10 of 11 images of mel belong together; the lesion_id '1' alone holds 5"
    )
    assert "lesions_within_patient" in told


def test_a_patient_with_most_of_a_class_is_named_and_an_external_one_is_not():
    clean = rows(
        *(("mel", f"l{number}", "unknwon", "train") for number in range(4)),
        *(("nv", f"e{number}", "e", "external") for number in range(4)),
    )
    [told] = name_ties(clean, ["mel", "nv"])
    assert "the patient_id 'unknwon' alone holds 4" in told
