"""The tables that suites about a set as a whole are checked against."""

from __future__ import annotations

import pandas as pd

from dermaflow.validation.split import find_groups


def describe_set(clean: pd.DataFrame, quarantine: pd.DataFrame) -> pd.DataFrame:
    """The one row that the suite ``clean_set`` is about."""
    total = len(clean) + len(quarantine)
    counts = {
        "images": int((clean["role"] == "train").sum()),
        "external_images": int((clean["role"] == "external").sum()),
        "quarantined": len(quarantine),
    }
    return pd.DataFrame([counts | {"quarantined_share": len(quarantine) / max(total, 1)}])


def describe_classes(clean: pd.DataFrame, classes: list[str]) -> pd.DataFrame:
    """The rows that the suite ``clean_classes`` is about: each class, with images and groups."""
    own = clean[clean["role"] == "train"]
    grouped = own.assign(group_id=find_groups(own)).groupby("label")["group_id"]
    counts = pd.DataFrame({"images": grouped.size(), "groups": grouped.nunique()})
    counts = counts.reindex(classes, fill_value=0).astype("int64")
    return counts.rename_axis("label").reset_index()
