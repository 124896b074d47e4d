"""What abstention is worth, and what it costs each class.

The figures that are read first stay those of all images. What stands here is beside them, and tells
of each class how much of it is left unanswered: else abstention would hide the hard ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dermaflow.ml.evaluation.abstention import ABSTAIN_COLUMN, REASON_COLUMN
from dermaflow.ml.evaluation.curves import divide
from dermaflow.ml.evaluation.estimate import Estimate
from dermaflow.ml.evaluation.predictions import Floats, Predictions, read_rows


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


def measure_abstention(predictions: pd.DataFrame, classes: list[str]) -> dict[str, Estimate]:
    """Figures of abstention of one part of the data.

    Args:
        predictions: one row at least, of ``predictions``.
        classes: codes.

    Returns:
        ``aurc``; and where the rule may abstain: ``abstained``, the share of the images;
        ``abstained/<reason>``, with ``_`` in the place of spaces; ``answered/accuracy`` and
        ``answered/balanced_accuracy``, of the rest; for each class with images
        ``<class>/abstained``, ``<class>/recall_answered``, of those of it that are answered, and
        ``<class>/recall_abstained_missed``, where what is not answered counts as missed.
    """
    rows = read_rows(predictions, classes)
    figures = {"aurc": Estimate(trace_risk(rows).area, groups=rows.count_groups())}
    if ABSTAIN_COLUMN not in predictions:
        return figures
    abstained = predictions[ABSTAIN_COLUMN].to_numpy(bool)
    right = rows.predicted == rows.labels
    figures["abstained"] = _share(rows, abstained)
    reasons = predictions[REASON_COLUMN].to_numpy(str)
    for reason in sorted(set(reasons) - {""}):
        figures[f"abstained/{name_reason(reason)}"] = _share(rows, reasons == reason)
    figures["answered/accuracy"] = _share(rows, right, ~abstained)
    recalls = []
    for number, code in enumerate(classes):
        of_it = rows.labels == number
        figures[f"{code}/abstained"] = _share(rows, abstained, of_it)
        figures[f"{code}/recall_answered"] = _share(rows, right, of_it & ~abstained)
        figures[f"{code}/recall_abstained_missed"] = _share(rows, right & ~abstained, of_it)
        recalls.append(figures[f"{code}/recall_answered"].value)
    mean = np.nanmean(recalls) if not np.isnan(recalls).all() else np.nan
    groups = rows.count_groups(~abstained)
    figures["answered/balanced_accuracy"] = Estimate(float(mean), groups=groups)
    return {name: figure for name, figure in figures.items() if not np.isnan(figure.value)}


def name_reason(reason: str) -> str:
    """A reason as part of a metric's name, such as ``unreadable_not_skin``."""
    return reason.replace(": ", "_").replace(" ", "_")


def _share(
    rows: Predictions, which: NDArray[np.bool_], among: NDArray[np.bool_] | None = None
) -> Estimate:
    """Share of the images among a part that are such, NaN where the part is empty."""
    part = np.ones(len(rows), bool) if among is None else among
    value = which[part].mean() if part.any() else np.nan
    return Estimate(float(value), groups=rows.count_groups(part))
