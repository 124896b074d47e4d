"""Figure of abstention: what is won by it, and what each class pays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dermaflow.ml.evaluation.abstention import (
    ABSTAIN_COLUMN,
    NOT_SKIN,
    OUT_OF_DISTRIBUTION,
    REASON_COLUMN,
    REASONS,
    UNCERTAIN,
)
from dermaflow.ml.evaluation.estimate import Scores
from dermaflow.ml.evaluation.estimate_text import INSUFFICIENT
from dermaflow.ml.evaluation.predictions import read_rows
from dermaflow.ml.evaluation.risk_coverage import trace_risk
from dermaflow.reporting.style import (
    ACCENT,
    INK,
    QUIET,
    WARNING,
    class_name,
    label_axes,
    lay_out_shares,
    new_figure,
    styled,
)

# What can be seen of the picture itself is told apart in the table, and drawn as one.
_KINDS = {
    "unreadable": (REASONS[: REASONS.index(NOT_SKIN) + 1], INK),
    OUT_OF_DISTRIBUTION: ((OUT_OF_DISTRIBUTION,), ACCENT),
    UNCERTAIN: ((UNCERTAIN,), "#86bbdf"),
}


@styled
def draw_abstention(
    parts: Mapping[str, pd.DataFrame], scores: Mapping[str, Scores], classes: list[str]
) -> Figure:
    """A row a part of the data: risk and coverage, who is not answered, and what is found.

    Args:
        parts: name -> its rows of ``predictions``, one at least.
        scores: name -> its metrics.
        classes: codes.
    """
    abstains = any(ABSTAIN_COLUMN in rows for rows in parts.values())
    caption = "Left: what is answered first is what the model is surest of."
    if abstains:
        caption += " Ring and square: the rule in conf, whatever its reasons.\n"
        caption += "Right: dot, of all images, abstained or not; ring, of those that are answered; "
        caption += "cross, where what is not answered counts as missed"
    figure, axes = new_figure(
        13 if abstains else 5,
        1.3 + max(3.0, 0.9 + 0.32 * len(classes)) * len(parts),
        "What does the model not answer, and what is won by it?",
        caption,
        rows=len(parts),
        columns=3 if abstains else 1,
    )
    for row, (name, table) in zip(axes, parts.items(), strict=True):
        title = f"{name}: {len(table)} images"
        _draw_risk(row[0], table, scores[name], classes, title)
        if abstains:
            _draw_reasons(row[1], table, classes)
            _draw_recalls(row[2], scores[name], classes)
    axes[0, 0].legend(loc="best")
    if abstains:
        # Below the last row: the bars leave no corner that is always free.
        below: dict[str, Any] = {"loc": "upper center", "bbox_to_anchor": (0.4, -0.17)}
        axes[-1, 1].legend(ncols=3, handlelength=1, columnspacing=0.9, **below)
    return figure


def _draw_risk(
    axis: Axes, table: pd.DataFrame, scores: Scores, classes: list[str], title: str
) -> None:
    curve = trace_risk(read_rows(table, classes))
    axis.plot(curve.coverage, curve.balanced_error, color=WARNING, label="1 - balanced accuracy")
    axis.plot(curve.coverage, curve.error, color=ACCENT, label="error rate")
    if ABSTAIN_COLUMN in table:
        answered = 1 - scores["abstained"].value
        marks = {"answered/balanced_accuracy": ("o", WARNING), "answered/accuracy": ("s", ACCENT)}
        for name, (marker, colour) in marks.items():
            if name in scores:
                place = (answered, 1 - scores[name].value)
                axis.plot(*place, marker, color=colour, markerfacecolor="white", markersize=8)
    axis.set_xlim(0, 1.02)
    axis.set_ylim(0, None)
    label_axes(axis, "share of the images that is answered", "wrong of these", title)


def _draw_reasons(axis: Axes, table: pd.DataFrame, classes: list[str]) -> None:
    """Bars of the share of each class that is not answered, by reason."""
    rows = {"all images": table} | {code: table[table["label"] == code] for code in classes}
    ends = dict.fromkeys(rows, 0.0)
    for kind, (reasons, colour) in _KINDS.items():
        shares = [
            float(part[REASON_COLUMN].isin(reasons).mean()) if len(part) else 0.0
            for part in rows.values()
        ]
        axis.barh(range(len(rows)), shares, 0.6, list(ends.values()), color=colour, label=kind)
        ends = {name: end + share for (name, end), share in zip(ends.items(), shares, strict=True)}
    for place, (name, part) in enumerate(rows.items()):
        count = int(part[ABSTAIN_COLUMN].sum())
        text = f"  {ends[name]:.0%} ({count} of {len(part)})" if len(part) else "  no image"
        axis.text(ends[name], place, text, va="center", size=8)
    names = ["all images", *(class_name(code) for code in classes)]
    axis.set_yticks(range(len(rows)), names)
    axis.set_ylim(len(rows) - 0.5, -0.5)
    axis.set_xlim(0, max(0.2, *(end * 1.45 for end in ends.values())))
    axis.grid(axis="y", visible=False)
    label_axes(axis, "share of the images", "", "Not answered")


def _draw_recalls(axis: Axes, scores: Scores, classes: list[str]) -> None:
    """Recall of each class three times; of one without images nothing."""
    for row, code in enumerate(classes):
        marks: dict[str, dict[str, Any]] = {
            "recall": {"marker": "o", "color": INK},
            "recall_answered": {"marker": "o", "color": ACCENT, "markerfacecolor": "none"},
            "recall_abstained_missed": {"marker": "x", "color": WARNING, "markeredgewidth": 1.8},
        }
        found = {name: scores.get(f"{code}/{name}") for name in marks}
        values = [e.value for e in found.values() if e and not e.insufficient]
        if not values:
            text = INSUFFICIENT if any(found.values()) else "no image"
            axis.text(0.5, row, text, color=QUIET, va="center", ha="center")
            continue
        axis.hlines(row, min(values), max(values), color=QUIET, linewidth=1)
        for name, estimate in found.items():
            if estimate and not estimate.insufficient:
                size = 10 if name == "recall_answered" else 6
                axis.plot(estimate.value, row, markersize=size, clip_on=False, **marks[name])
    lay_out_shares(axis)
    axis.set_yticks(range(len(classes)), [class_name(code) for code in classes])
    axis.set_ylim(len(classes) - 0.5, -0.5)
    axis.set_title("Found of each class (recall)")
