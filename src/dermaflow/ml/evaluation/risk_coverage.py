"""What abstention is worth, and what it costs each class.

The figures that are read first stay those of all images. What stands here is beside them, and tells
of each class how much of it is left unanswered: else abstention would hide the hard ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dermaflow.ml.evaluation.abstention import ABSTAIN_COLUMN, REASON_COLUMN
from dermaflow.ml.evaluation.curves import divide
from dermaflow.ml.evaluation.estimate import Estimate
from dermaflow.ml.evaluation.estimate_text import INSUFFICIENT
from dermaflow.ml.evaluation.predictions import Floats, Predictions, read_rows
from dermaflow.ml.evaluation.proportion_intervals import estimate_share, mean_interval
from dermaflow.params.evaluate import EvaluateParams

ANSWERED_RECALL = "recall_answered"  # of a class
Share: TypeAlias = tuple[NDArray[np.bool_], NDArray[np.bool_]]


@dataclass(frozen=True)
class RiskCoverage:
    """What is wrong of what is answered, as ever more images are, the surest first.

    Of T distinct largest probabilities.

    Attributes:
        coverage: float64 (T,), share of the images that are answered, rising to 1.
        error: float64 (T,), share of these whose class is wrong.
        balanced_error: float64 (T,), 1 - the mean of the recalls of the classes among them.
    """

    coverage: Floats
    error: Floats
    balanced_error: Floats

    @property
    def area(self) -> float:
        """Area under ``error`` over ``coverage`` (AURC: Geifman et al. 2019, arXiv:1805.08206)."""
        return float((np.diff(self.coverage, prepend=0) * self.error).sum())


def trace_risk(predictions: Predictions) -> RiskCoverage:
    """Risk and coverage of images, of which there is one at least, by the largest probability."""
    confidence = predictions.probabilities.max(1)
    order = np.argsort(-confidence, kind="stable")
    last = np.flatnonzero(np.diff(confidence[order], append=-1))  # of images that are equally sure
    right = (predictions.predicted == predictions.labels)[order]
    of_class = np.eye(len(predictions.classes))[predictions.labels[order]]
    answered = of_class.cumsum(0)[last]  # (T, C)
    recalls = divide((of_class * right[:, None]).cumsum(0)[last], answered)
    count = last + 1
    return RiskCoverage(
        coverage=count / len(predictions),
        error=1 - right.cumsum()[last] / count,
        balanced_error=1 - np.nansum(recalls, 1) / (answered > 0).sum(1),
    )


def measure_abstention(
    predictions: pd.DataFrame, classes: list[str], evaluate: EvaluateParams
) -> dict[str, Estimate]:
    """Figures of abstention of one part of the data.

    Shares have Wilson's intervals, by the groups in their denominators; the area has none.

    Args:
        predictions: one row at least, of ``predictions``.
        classes: codes.
        evaluate: confidence, and groups below which data are insufficient.

    Returns:
        ``aurc``; and where the rule may abstain: ``abstained``, the share of the images;
        ``abstained/<reason>``, with ``_`` in the place of spaces; ``answered/accuracy`` and
        ``answered/balanced_accuracy``, of the rest; for each class with images
        ``<class>/abstained``, ``<class>/recall_answered``, of those of it that are answered, and
        ``<class>/recall_abstained_missed``, where what is not answered counts as missed.
    """
    rows = read_rows(predictions, classes)
    least, confidence = evaluate.least_groups, evaluate.confidence
    area = Estimate(trace_risk(rows).area, groups=rows.count_groups())
    found = {"aurc": area.require_groups(least)}
    if ABSTAIN_COLUMN not in predictions:
        return found
    shares = share_abstained(rows, predictions[REASON_COLUMN].to_numpy(str))
    for name, (which, among) in shares.items():
        if among.any():
            found[name] = estimate_share(which[among], rows.groups[among], confidence, least)
    names = [f"{code}/{ANSWERED_RECALL}" for code in classes]
    recalls = [(found[name].value, found[name].groups or 0) for name in names if name in found]
    if recalls:
        mean = float(np.mean([value for value, _ in recalls]))
        ends = mean_interval(recalls, confidence)
        answered = rows.count_groups(shares["answered/accuracy"][1])
        balanced = Estimate(mean, *ends, answered).require_groups(least)
        found["answered/balanced_accuracy"] = balanced
    return found


def share_abstained(rows: Predictions, reasons: NDArray[np.str_]) -> dict[str, Share]:
    """Shares of ``measure_abstention``: which images, and among which, both bool (N,).

    Args:
        rows: N images.
        reasons: (N,), empty where an image is answered.
    """
    everything = np.ones(len(rows), bool)
    abstained, right = reasons != "", rows.predicted == rows.labels
    shares = {"abstained": (abstained, everything)}
    for reason in sorted(set(reasons) - {""}):
        shares[f"abstained/{name_reason(reason)}"] = (reasons == reason, everything)
    shares["answered/accuracy"] = (right, ~abstained)
    for number, code in enumerate(rows.classes):
        of_it = rows.labels == number
        shares[f"{code}/abstained"] = (abstained, of_it)
        shares[f"{code}/{ANSWERED_RECALL}"] = (right, of_it & ~abstained)
        shares[f"{code}/recall_abstained_missed"] = (right & ~abstained, of_it)
    return shares


def measure_subgroup_abstained(
    answers: pd.DataFrame, confidence: float, least: int
) -> Iterator[dict[str, Any]]:
    """Share that is not answered of a part of the images, as a row of ``score_subgroups``.

    Args:
        answers: rows of ``predictions``; without abstention there is no row.
        confidence: of the interval.
        least: groups that the share is to be of.
    """
    if ABSTAIN_COLUMN not in answers:
        return
    abstained, groups = answers[ABSTAIN_COLUMN].to_numpy(bool), answers["group_id"].to_numpy(str)
    found = estimate_share(abstained, groups, confidence, least)
    row = {"measure": "abstained", "value": np.nan, "low": np.nan, "high": np.nan, "note": ""}
    if found.insufficient:
        yield row | {"note": f"{INSUFFICIENT}: {found.groups} groups, {least} are needed"}
    else:
        yield row | {"value": found.value, "low": found.low, "high": found.high}


def name_reason(reason: str) -> str:
    """A reason as part of a metric's name, such as ``unreadable_not_skin``."""
    return reason.replace(": ", "_").replace(" ", "_")
