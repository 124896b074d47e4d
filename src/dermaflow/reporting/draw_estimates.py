"""How estimates look in figures: a dot on its interval, a mark where there is none to be had."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from matplotlib.axes import Axes

from dermaflow.ml.evaluation.estimate import Estimate
from dermaflow.ml.evaluation.estimate_text import INSUFFICIENT, NOT_ESTIMABLE, format_value
from dermaflow.reporting.style import QUIET

# How an interval is drawn behind its point.
INTERVAL: dict[str, Any] = {"linewidth": 3, "alpha": 0.35}
MARK = "†"  # above a dot whose interval is not estimable


def describe_intervals(estimates: Iterable[Estimate | None], confidence: float) -> str:
    """For a caption: how the intervals of what is drawn were made; nothing where there are none.

    Args:
        estimates: that are drawn.
        confidence: of their intervals, in (0, 1).
    """
    shown = [e for e in estimates if e is not None and not e.insufficient]
    parts = []
    if any(e.interval for e in shown):
        parts.append(
            f"{confidence:.0%} intervals count groups, not images: Wilson for recall, specificity "
            "and accuracy, MOVER for their mean, else bootstrap"
        )
    if any(e.not_estimable for e in shown):
        parts.append(f"{MARK}: {NOT_ESTIMABLE}, the bootstrap finds no spread")
    return "\n".join(parts)


def draw_estimate(axis: Axes, row: float, estimate: Estimate, colour: str) -> None:
    """A dot on its interval in a row; words and no dot where data are insufficient."""
    if estimate.insufficient:
        text = axis.text(0.5, row, INSUFFICIENT, color=QUIET, ha="center", va="center", zorder=5)
        text.set_transform(axis.get_yaxis_transform())
        text.set_bbox({"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 1})
        return
    if estimate.interval:
        axis.hlines(row, *estimate.interval, color=colour, clip_on=False, **INTERVAL)
    axis.plot(estimate.value, row, "o", color=colour, markersize=6, clip_on=False)
    if estimate.not_estimable:
        write_mark(axis, estimate.value, row)


def write_mark(axis: Axes, x: float, y: float, offset: tuple[float, float] = (0, 4)) -> None:
    """``MARK`` above a dot, or wherever ``offset`` (right, up; in points) puts it."""
    axis.annotate(MARK, (x, y), offset, textcoords="offset points", ha="center", size=8)


def draw_share(axis: Axes, row: int, share: Estimate | None, colour: str) -> None:
    """A share with its interval in a row, and the number at the right edge; a dash for none."""
    if share is not None:
        draw_estimate(axis, row, share, colour)
    if share is None or share.insufficient:
        axis.text(1.09, row, "–", color=QUIET, va="center")
        return
    axis.text(1.09, row, format_value(share, digits=2), va="center")
