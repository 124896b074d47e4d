"""Differences between two classifiers on the same images, with intervals.

Two models judged on one test set err on much the same images, so that the interval of their
difference is far narrower than their own intervals suggest. A paired bootstrap keeps that: each
resample of groups is scored for both (Efron and Tibshirani 1993, chapter 10).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from dermaflow.io.seeding import numpy_generator
from dermaflow.ml.evaluation.bootstrap import percentile_intervals
from dermaflow.ml.evaluation.estimate import Estimate
from dermaflow.ml.evaluation.images_behind import images_behind, make_estimates
from dermaflow.ml.evaluation.metrics import score
from dermaflow.ml.evaluation.predictions import Floats, Predictions

# Of `score`, what is given and not estimated, and what resampling biases.
_NOT_COMPARED = ("support", "ece")


@dataclass(frozen=True)
class Resampling:
    """How intervals are made.

    Attributes:
        samples: resamples of the groups; 0 for no intervals.
        confidence: of the intervals, in (0, 1).
        seed: of the random draws.
        least: groups, below which a difference is said to be of insufficient data.
    """

    samples: int
    confidence: float
    seed: int
    least: int = 0


@dataclass(frozen=True)
class Pairing:
    """Two classifiers' predictions of the images that both have, in one order and grouping.

    Attributes:
        first: predictions of N images.
        other: of the same.
        relabelled: images that both have under different labels; they are left out.
    """

    first: Predictions
    other: Predictions
    relabelled: int


def pair_predictions(first: pd.DataFrame, other: pd.DataFrame, classes: Sequence[str]) -> Pairing:
    """Take the images that two tables share by ``image_id``, with equal labels.

    Args:
        first: image_id (unique), group_id, label and ``p_<class>``.
        other: the same columns.
        classes: codes, in one order for both.

    Raises:
        KeyError: a column is missing, or a label is no class.
        pandas.errors.MergeError: an image is listed twice.
    """
    first, other = (table.set_index("image_id", drop=False) for table in (first, other))
    shared = pd.merge(
        first[["label"]], other[["label"]], on="image_id", validate="one_to_one"
    )  # in the first table's order
    agreed = shared.index[shared["label_x"] == shared["label_y"]]
    pair = [Predictions.from_table(table.loc[agreed], classes) for table in (first, other)]
    groups = join_groups(pair[0].groups, pair[1].groups)
    same, alike = (replace(predictions, groups=groups) for predictions in pair)
    return Pairing(same, alike, len(shared) - len(agreed))


def join_groups(first: NDArray[np.str_], other: NDArray[np.str_]) -> NDArray[np.str_]:
    """One grouping of N images from two: images that either ties are of one group.

    Returns:
        (N,), names that mean nothing else.
    """
    (rows, row_names), (columns, column_names) = pd.factorize(first), pd.factorize(other)
    size = len(row_names) + len(column_names)
    ties = (rows, columns + len(row_names))  # an image ties its two groups
    graph = coo_array((np.ones(len(rows), np.int8), ties), shape=(size, size))
    component = connected_components(graph, directed=False)[1]
    return np.asarray(component[rows]).astype(np.str_)


def paired_differences(pairing: Pairing, resampling: Resampling | None) -> dict[str, Estimate]:
    """Metrics of ``other`` less those of ``first``, each resample of groups scored for both.

    Args:
        pairing: of N images, at least one.
        resampling: for the intervals; None for none. Where resamples do not differ the interval
            is not estimable: as of one group alone, or where both are right on every melanoma.

    Returns:
        By the names of ``metrics.score``, less support and calibration error; what is undefined for
        either is absent.
    """

    def statistic(weights: Floats) -> dict[str, Floats]:
        # The calibration error is not compared, so that its bins do not matter.
        first, other = (score(p, weights, 1, ()) for p in (pairing.first, pairing.other))
        return {
            name: other[name] - first[name]
            for name in first
            if name.split("/")[-1] not in _NOT_COMPARED
        }

    values = statistic(np.ones((1, len(pairing.first))))
    intervals: dict[str, tuple[float, float] | None] = {}
    if resampling and resampling.samples:
        intervals = dict.fromkeys(values) | percentile_intervals(
            statistic,
            pairing.first.groups,
            resampling.samples,
            resampling.confidence,
            numpy_generator(resampling.seed, "compare", "bootstrap"),
        )
    least = resampling.least if resampling else 0
    return make_estimates(values, intervals, pairing.first, _images_behind_either(pairing), least)


def _images_behind_either(pairing: Pairing) -> dict[str, NDArray[np.bool_]]:
    """``images_behind`` of both: a precision may look at other images of each."""
    first, other = (images_behind(p, {}) for p in (pairing.first, pairing.other))
    return {name: rows | other[name] for name, rows in first.items()}
