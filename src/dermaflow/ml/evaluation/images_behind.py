"""Which images each metric looks at, and estimates that say how many groups those are of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from dermaflow.ml.evaluation.estimate import Estimate
from dermaflow.ml.evaluation.operating_points import Calls, Target
from dermaflow.ml.evaluation.predictions import Floats, Predictions


def images_behind(
    predictions: Predictions, calls: Mapping[str, Calls], targets: Sequence[Target] = ()
) -> dict[str, NDArray[np.bool_]]:
    """Images that the measure of a class or an operating point stands on.

    A recall, a support and an F1 stand on the images of the class, a specificity on those of all
    other classes, a precision on those called the class. What is of a class's whole curve needs
    both sides, and stands on the one of fewer groups. What is not listed stands on all images:
    accuracy, log loss, and means over classes.

    Args:
        predictions: of N images.
        calls: operating point -> what it says of them.
        targets: whose metrics ``score`` was asked for.

    Returns:
        Metric, as in ``score`` and ``rate_calls``, -> bool (N,).
    """
    behind: dict[str, NDArray[np.bool_]] = {}
    for number, code in enumerate(predictions.classes):
        of_it, called = predictions.labels == number, predictions.predicted == number
        fewer = _rarer_side(predictions, of_it)
        measures = {"recall": of_it, "support": of_it, "f1": of_it, "precision": called}
        behind |= {f"{code}/{measure}": rows for measure, rows in measures.items()}
        curves = [f"{code}/auc", *(target.metric for target in targets if target.code == code)]
        behind |= dict.fromkeys(curves, fewer)
    for name, point in calls.items():
        of_it = predictions.labels == predictions.classes.index(point.code)
        measures = {"recall": of_it, "specificity": ~of_it, "precision": point.called}
        behind |= {f"{name}/{measure}": rows for measure, rows in measures.items()}
    return behind


def _rarer_side(predictions: Predictions, of_it: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Of the images of a class and all others, (N,), those of fewer groups."""
    return min(of_it, ~of_it, key=predictions.count_groups)


def make_estimates(
    values: Mapping[str, Floats],
    intervals: Mapping[str, tuple[float, float] | None],
    predictions: Predictions,
    behind: Mapping[str, NDArray[np.bool_]],
    least: int,
) -> dict[str, Estimate]:
    """Put metrics together with their intervals and the groups behind them.

    Args:
        values: metric -> its value, (1,); one that is NaN is left out.
        intervals: metric -> both ends, or None where they are not estimable; absent where no
            interval is asked for.
        predictions: that the metrics are of.
        behind: see ``images_behind``.
        least: groups, below which a metric is said to be of insufficient data.
    """
    estimates = {}
    for name, (value,) in values.items():
        if not np.isnan(value):
            low, high = intervals.get(name) or (None, None)
            estimate = Estimate(
                float(value),
                low,
                high,
                predictions.count_groups(behind.get(name)),
                not_estimable=name in intervals and intervals[name] is None,
            )
            counted = name.endswith("/support")  # a fact, however small
            estimates[name] = estimate if counted else estimate.require_groups(least)
    return estimates
