"""How a metric is written wherever people read it: one rule for all figures, pages and tables.

What rests on too few groups is not shown as a number, though it is stored as one.
"""

from __future__ import annotations

from dermaflow.ml.evaluation.estimate import Estimate

INSUFFICIENT = "insufficient data"
NOT_ESTIMABLE = "interval not estimable"
WHY_NOT_ESTIMABLE = "the bootstrap finds no spread, which does not mean that there is none"


def format_value(estimate: Estimate, *, signed: bool = False, digits: int = 3) -> str:
    """Such as ``0.541``, or ``insufficient data``; with a true minus sign."""
    if estimate.insufficient:
        return INSUFFICIENT
    return f"{estimate.value:{'+' if signed else ''}.{digits}f}".replace("-", "−")


def format_interval(estimate: Estimate, *, signed: bool = False) -> str:
    """Such as ``[0.447, 0.598]``; why there is none; or nothing where none was asked for."""
    if estimate.insufficient:
        return f"({estimate.groups} of {estimate.groups_needed} groups)"
    if estimate.interval:
        ends = (f"{end:{'+' if signed else ''}.3f}" for end in estimate.interval)
        return f"[{', '.join(ends)}]".replace("-", "−")
    return NOT_ESTIMABLE if estimate.not_estimable else ""


def note(estimate: Estimate) -> str:
    """What keeps a value or its interval from being told; nothing where nothing does."""
    if estimate.insufficient:
        return f"{INSUFFICIENT} {format_interval(estimate)}"
    return NOT_ESTIMABLE if estimate.not_estimable else ""


def format_estimate(estimate: Estimate | None, *, signed: bool = False) -> str:
    """Value and interval, such as ``0.541 [0.447, 0.598]``; a dash where there is no estimate."""
    if estimate is None:
        return "–"
    parts = (format_value(estimate, signed=signed), format_interval(estimate, signed=signed))
    return " ".join(parts).strip()
