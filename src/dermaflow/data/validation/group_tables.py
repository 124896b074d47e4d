"""By what the images of a set are kept together, and ids that may stand for too many."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import pandas as pd

from dermaflow.data.validation.split import find_groups
from dermaflow.io.text import one_line

_SHOWN = 10  # groups, and lesions, that a report names


def count_labels_of_files(rows: pd.DataFrame, classes: list[str]) -> pd.Series:
    """How many classes the rows of the very same bytes have, of each row with known bytes.

    Training sources and external ones count apart: what is trained on is the same whatever sources
    there are beside it.
    """
    known = rows["label"].where(rows["label"].isin(classes))
    return known.groupby([rows["role"], rows["sha256"]]).transform("nunique")


def tabulate_groups(clean: pd.DataFrame) -> pd.DataFrame:
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


def tabulate_lesions(clean: pd.DataFrame) -> pd.DataFrame:
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


def count_grouping(clean: pd.DataFrame) -> dict[Any, Any]:
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


def name_loners(grouping: Mapping[str, Mapping[str, int]]) -> list[str]:
    """A line for each source with images that the split cannot keep with others of their lesion.

    Args:
        grouping: see ``count_grouping``.
    """
    return [
        f"{source}: {counts['alone']} of {counts['images']} images name neither a lesion that has "
        "an id of its own nor a patient; each is a group of its own, and others of its lesion may "
        "be on the other side of the split"
        for source, counts in grouping.items()
        if counts["alone"]
    ]


def name_ties(clean: pd.DataFrame, classes: Collection[str]) -> list[str]:
    """Which id holds most images of a class together, a line for each class that one does.

    Args:
        clean: the clean rows.
        classes: that have too few groups.
    """
    own = clean[clean["role"] == "train"]
    own = own.assign(group_id=find_groups(own))
    lines = []
    for label, rows in own[own["label"].isin(classes)].groupby("label", sort=False):
        if (
            len(rows) < 2 * rows["group_id"].nunique()
        ):  # there are few images, and nothing ties them
            continue
        _, largest = max(rows.groupby("group_id"), key=lambda item: len(item[1]))
        known = [name for name in ("lesion_id", "patient_id") if largest[name].notna().any()]
        if not known:  # equal files alone hold it together
            continue
        most = ((name, *_most_common(largest[name])) for name in known)
        column, text, count = max(most, key=lambda found: found[2])
        lines.append(
            f"{len(largest)} of {len(rows)} images of {label} belong together; the {column} "
            f"'{one_line(text, 40)}' alone holds {count}. If it stands for several, put it among "
            "ingest.unknown, or set lesions_within_patient (parameters_ingest.yml)"
        )
    return lines


def _most_common(column: pd.Series) -> tuple[str, int]:
    counts = column.value_counts()
    return str(counts.index[0]), int(counts.iloc[0])


def report_groups(
    groups: pd.DataFrame, lesions: pd.DataFrame, grouping: Mapping[str, Mapping[str, int]]
) -> dict[str, Any]:
    """What Data Docs show of groups, for JSON.

    Args:
        groups: see ``tabulate_groups``.
        lesions: see ``tabulate_lesions``.
        grouping: see ``count_grouping``.
    """
    several = lesions[lesions["classes"] > 1]
    return {
        "grouping": grouping,
        "largest_groups": groups.head(_SHOWN).to_dict("records"),
        "lesions_of_several_classes": {
            "lesions": len(several),
            "of_most_classes": several.head(_SHOWN).to_dict("records"),
        },
    }
