"""What became of lesions, external sources and earlier sides in a split, for JSON."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd

from dermaflow.schema import EXCLUDED, EXTERNAL


def describe_duplicates(manifest: pd.DataFrame, pairs: pd.DataFrame) -> dict[str, int]:
    """Counts of pairs, and of what they join; of pairs with an external image the number alone."""
    decided = pairs[pairs["decision"] != "different"]
    joining = decided[~decided["external"].astype(bool)]
    across = joining[joining["lesion_a"] != joining["lesion_b"]]
    return {
        "pairs_with_external_images": len(decided) - len(joining),
        "pairs_within_lesions": len(joining) - len(across),
        "pairs_across_lesions": len(across),
        "pairs_refused": len(pairs) - len(decided),
        "label_disagreements": int((across["label_a"] != across["label_b"]).sum()),
        "lesions_joined": int(pd.concat([across["lesion_a"], across["lesion_b"]]).nunique()),
        "largest_group": int(manifest["group_id"].value_counts().max()),
    }


def describe_external(manifest: pd.DataFrame) -> dict[str, dict[str, int]]:
    """Images of each external source that test, and that show what the split holds."""
    external = manifest[manifest["role"] == "external"]
    return {
        str(source): {
            "images": int((rows["split"] == EXTERNAL).sum()),
            "excluded": int((rows["split"] == EXCLUDED).sum()),
        }
        for source, rows in external.groupby("source")
    }


def describe_kept(manifest: pd.DataFrame, kept: pd.Series) -> dict[str, int]:
    """Images that the earlier manifest knows, and those among them that had to move."""
    known = manifest[manifest["image_id"].isin(kept.index)]
    moved = known["split"] != known["image_id"].map(kept)
    return {"images": len(known), "moved": int(moved.sum())}


def count(rows: pd.DataFrame, column: str, sides: Iterable[Any]) -> dict[str, dict[str, int]]:
    """Rows by label and side."""
    counts = pd.crosstab(rows["label"], rows[column]).reindex(columns=list(sides), fill_value=0)
    return {
        str(label): {str(side): int(count) for side, count in row.items()}
        for label, row in counts.iterrows()
    }
