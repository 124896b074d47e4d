"""The tables that suites about a set as a whole are checked against."""

from __future__ import annotations

from collections.abc import Collection

import pandas as pd

from dermaflow.data.validation.split import find_groups


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


def describe_classes(
    clean: pd.DataFrame, quarantine: pd.DataFrame, classes: list[str]
) -> pd.DataFrame:
    """The rows that the suite ``clean_classes`` is about: each class, of what is trained on.

    Args:
        clean, quarantine: rows of all sources.
        classes: their codes.

    Returns:
        ``label``, ``images`` and ``groups`` that are clean, and how many rows of the class are
        ``quarantined``, and which share of its rows that is.
    """
    own = clean[clean["role"] == "train"]
    lost = quarantine[quarantine["role"] == "train"]
    grouped = own.assign(group_id=find_groups(own)).groupby("label")["group_id"]
    counts = pd.DataFrame(
        {
            "images": grouped.size(),
            "groups": grouped.nunique(),
            "quarantined": lost.groupby("label").size(),
        }
    )
    counts = counts.reindex(classes).fillna(0).astype("int64")
    rows = counts["images"] + counts["quarantined"]
    counts["quarantined_share"] = counts["quarantined"] / rows.clip(lower=1)
    return counts.rename_axis("label").reset_index()
