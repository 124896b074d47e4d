"""The tables that suites about a set as a whole are checked against."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import pandas as pd

from dermaflow.data.validation.split import find_groups


def count_labels_of_files(rows: pd.DataFrame, classes: list[str]) -> pd.Series:
    """How many classes the rows of the very same bytes have, of each row with known bytes.

    Training sources and external ones count apart: what is trained on is the same whatever sources
    there are beside it.
    """
    known = rows["label"].where(rows["label"].isin(classes))
    return known.groupby([rows["role"], rows["sha256"]]).transform("nunique")


def describe_set(
    clean: pd.DataFrame,
    quarantine: pd.DataFrame,
    strays: Collection[str | None],
    external: Collection[str],
) -> pd.DataFrame:
    """The one row that the suite ``clean_set`` is about.

    Args:
        clean, quarantine: rows of all sources.
        strays: source of each file that no row lists, and of each mask that cannot be used: they
            say nothing about how much of the rows is lost.
        external: names of those that are only tested on; they count in columns of their own.
    """
    counts: dict[str, float] = {}
    for prefix, is_meant in (("", False), ("external_", True)):
        kept = int((clean["source"].isin(external) == is_meant).sum())
        lost = int((quarantine["source"].isin(external) == is_meant).sum())
        counts[f"{prefix}images"] = kept
        counts[f"{prefix}quarantined"] = lost
        counts[f"{prefix}quarantined_share"] = lost / max(kept + lost, 1)
        counts[f"{prefix}strays"] = sum((source in external) == is_meant for source in strays)
    return pd.DataFrame([counts])


def describe_groups_of(clean: pd.DataFrame) -> pd.DataFrame:
    """The rows that the suite ``clean_groups`` is about, the largest first.

    ``share`` is of the images of its role: what is split, or what is only tested on. ``lesions``
    and ``patients`` are counts. Groups are those of ids and equal files, before duplicates are
    looked for.
    """
    rows = clean.assign(group_id=find_groups(clean))
    groups = rows.groupby(["role", "group_id"]).agg(
        images=("image_id", "size"),
        lesions=("lesion_id", "nunique"),
        patients=("patient_id", "nunique"),
        classes=("label", "nunique"),
    )
    groups["share"] = groups["images"] / groups.groupby("role")["images"].transform("sum")
    groups = groups.reset_index().sort_values(["images", "group_id"], ascending=[False, True])
    return groups.reset_index(drop=True)


def describe_lesions(clean: pd.DataFrame) -> pd.DataFrame:
    """The rows that the suite ``clean_lesions`` is about: ``lesion_id``, ``images``, ``classes``.

    Those with the most classes come first; ``labels`` names them.
    """
    lesions = clean.groupby("lesion_id").agg(
        images=("image_id", "size"),
        classes=("label", "nunique"),
        labels=("label", lambda labels: ", ".join(sorted(set(labels)))),
    )
    order = ["classes", "images", "lesion_id"]
    lesions = lesions.reset_index().sort_values(order, ascending=[False, False, True])
    return lesions.reset_index(drop=True)


def describe_grouping(clean: pd.DataFrame) -> dict[Any, Any]:
    """Of each source, how many ``images`` it has, and by what they are kept together.

    ``by_patient`` and ``by_lesion`` count images whose patient is known, and those of which only
    the lesion is. ``alone`` are the others: nothing tells with which images they belong.
    """
    has_patient = clean["patient_id"].notna()
    has_lesion = clean["lesion_id"].notna() & (clean["lesion_id"] != clean["image_id"])
    table = pd.DataFrame(
        {
            "images": 1,
            "by_patient": has_patient,
            "by_lesion": has_lesion & ~has_patient,
            "alone": ~has_lesion & ~has_patient,
        }
    ).astype("int64")
    counts: dict[Any, Any] = table.groupby(clean["source"]).sum().to_dict("index")
    return counts


def describe_loners(grouping: Mapping[str, Mapping[str, int]]) -> list[str]:
    """A line for each source with images that the split cannot keep with others of their lesion.

    Args:
        grouping: see ``describe_grouping``.
    """
    return [
        f"{source}: {counts['alone']} of {counts['images']} images name neither a lesion that has "
        "an id of its own nor a patient; each is a group of its own, and others of its lesion may "
        "be on the other side of the split"
        for source, counts in grouping.items()
        if counts["alone"]
    ]


def describe_classes(clean: pd.DataFrame, classes: list[str]) -> pd.DataFrame:
    """The rows that the suite ``clean_classes`` is about: each class, with images and groups."""
    own = clean[clean["role"] == "train"]
    grouped = own.assign(group_id=find_groups(own)).groupby("label")["group_id"]
    counts = pd.DataFrame({"images": grouped.size(), "groups": grouped.nunique()})
    counts = counts.reindex(classes, fill_value=0).astype("int64")
    return counts.rename_axis("label").reset_index()
