"""Which images each metric looks at, and estimates that say how many groups those are of."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from dermaflow.ml.evaluation.estimate import Estimate
from dermaflow.ml.evaluation.operating_points import Calls
from dermaflow.ml.evaluation.predictions import Floats, Predictions


def images_behind(
    predictions: Predictions, calls: Mapping[str, Calls]
) -> dict[str, NDArray[np.bool_]]:
    """Images that count in the denominator of a class's or an operating point's measure.

    A recall and a support look at the images of the class, a specificity at those of all other
    classes, a precision at those called the class, an F1 at those of the class or called it. What
    is not listed looks at all images: means over classes, and what is of a class's whole curve.

    Args:
        predictions: of N images.
        calls: operating point -> what it says of them.

    Returns:
        Metric, as in ``score`` and ``rate_calls``, -> bool (N,).
    """
    behind: dict[str, NDArray[np.bool_]] = {}
    for number, code in enumerate(predictions.classes):
        of_it, called = predictions.labels == number, predictions.predicted == number
        measures = {"recall": of_it, "support": of_it, "precision": called, "f1": of_it | called}
        behind |= {f"{code}/{measure}": rows for measure, rows in measures.items()}
    for name, point in calls.items():
        of_it = predictions.labels == predictions.classes.index(point.code)
        measures = {"recall": of_it, "specificity": ~of_it, "precision": point.called}
        behind |= {f"{name}/{measure}": rows for measure, rows in measures.items()}
    return behind


def make_estimates(
    values: Mapping[str, Floats],
    intervals: Mapping[str, tuple[float, float]],
    predictions: Predictions,
    behind: Mapping[str, NDArray[np.bool_]],
) -> dict[str, Estimate]:
    """Put metrics together with their intervals and the groups behind them.

    Args:
        values: metric -> its value, (1,); one that is NaN is left out.
        intervals: metric -> both ends, where it has an interval.
        predictions: that the metrics are of.
        behind: see ``images_behind``.
    """
    estimates = {}
    for name, (value,) in values.items():
        if not np.isnan(value):
            low, high = intervals.get(name, (None, None))
            groups = predictions.count_groups(behind.get(name))
            estimates[name] = Estimate(float(value), low, high, groups)
    return estimates
