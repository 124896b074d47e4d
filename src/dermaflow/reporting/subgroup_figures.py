"""Figure of what differs between subgroups of the tested images."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from dermaflow.ml.evaluation.estimate import Estimate
from dermaflow.ml.evaluation.estimate_text import INSUFFICIENT, NOT_ESTIMABLE
from dermaflow.reporting.draw_estimates import describe_intervals, draw_share
from dermaflow.reporting.style import ACCENT, INK, lay_out_shares, new_figure, styled

_TITLES = {
    "accuracy": "Accuracy",
    "balanced_accuracy": "Balanced accuracy",
    "mel/recall": "Melanoma recall",
    "mel/auc": "Melanoma AUC",
    "coverage": "Coverage of sets",
    "mel/coverage": "Melanoma coverage",
}


@styled
def draw_subgroups(table: pd.DataFrame, part: str, confidence: float) -> Figure:
    """A row a subgroup, a panel a measure; the line is at what all images together have.

    Args:
        table: rows of ``score_subgroups`` of one part.
        part: its name.
        confidence: of the intervals.
    """
    measures = list(dict.fromkeys(table["measure"]))
    rows = table[["column", "subgroup", "images", "groups"]].drop_duplicates()
    caption = f"{part}. Balanced accuracy: mean recall of the classes with enough groups, which may"
    caption += f" differ from row to row. –: {INSUFFICIENT}"
    intervals = describe_intervals([_estimate(row) for _, row in table.iterrows()], confidence)
    caption = f"{caption}\n{intervals}".rstrip()
    figure, axes = new_figure(
        3 + 2 * len(measures),
        1.6 + 0.32 * len(rows),
        "For whom does it work?",
        caption,
        columns=len(measures),
        sharey=True,
        gridspec_kw={"wspace": 0.14},
    )
    for axis, measure in zip(axes[0], measures, strict=True):
        axis.set_title(_TITLES.get(measure, measure))
        values = table[table["measure"] == measure].set_index(["column", "subgroup"])
        whole = values["value"].iloc[0]
        if pd.notna(whole):
            axis.axvline(whole, color=INK, linewidth=0.8)
        for place, row in enumerate(rows.itertuples()):
            draw_share(axis, place, _estimate(values.loc[(row.column, row.subgroup)]), ACCENT)
        lay_out_shares(axis)
    axes[0, 0].set_yticks(range(len(rows)), [_name(row) for _, row in rows.iterrows()])
    axes[0, 0].set_ylim(len(rows) - 0.5, -0.5)
    return figure


def _estimate(row: pd.Series) -> Estimate | None:
    """None where there is insufficient data."""
    if pd.isna(row["value"]):
        return None
    low, high = (None if pd.isna(row[end]) else float(row[end]) for end in ("low", "high"))
    unknown = row["note"] == NOT_ESTIMABLE
    return Estimate(float(row["value"]), low, high, int(row["groups"]), not_estimable=unknown)


def _name(row: pd.Series) -> str:
    name = row["subgroup"]
    if row["column"] != row["subgroup"]:
        name = f"{row['column'].replace('_', ' ')} {name}"
    return f"{name}  ({row['images']:,} images, {row['groups']:,} groups)"
