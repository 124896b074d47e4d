"""What the folds of a cross-validation come to together, as parts of metrics and as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from dermaflow.experiments.crossval.folds import Protocol, mark
from dermaflow.ml.evaluation.estimate import Estimate, Scores
from dermaflow.ml.evaluation.estimate_text import note
from dermaflow.ml.evaluation.operating_points import MEASURES
from dermaflow.schema import HEADLINES

POOLED, FOLDS = "crossval", "crossval_folds"
MEAN, SPREAD = "mean", "sd"


def lay_out(
    pooled: Scores, by_fold: Mapping[int, Scores], points: Sequence[str], protocol: Protocol
) -> dict[str, Scores]:
    """Parts of ``crossval_metrics``, see ``score_folds``.

    Args:
        pooled: of all folds.
        by_fold: number -> metrics of the fold.
        points: names of operating points, of which each fold's metrics are told, as of HEADLINES.
        protocol: of the folds.
    """
    told = {*HEADLINES, *(f"{point}/{measure}" for point in points for measure in MEASURES)}
    below = mark(FOLDS, protocol)
    parts: dict[str, Scores] = {mark(POOLED, protocol): pooled}
    parts |= {f"{below}/{part}": scores for part, scores in over_folds(by_fold).items()}
    for number, scores in by_fold.items():
        chosen = {name: estimate for name, estimate in scores.items() if name in told}
        parts[f"{below}/fold_{number}"] = chosen
    return parts


def short_parts(parts: Mapping[str, Scores], protocol: Protocol) -> dict[str, Scores]:
    """``pooled``, ``mean``, ``sd`` and ``fold_<number>`` -> their metrics, of ``lay_out``."""
    above, below = mark(POOLED, protocol), f"{mark(FOLDS, protocol)}/"
    return {
        "pooled" if part == above else part.removeprefix(below): scores
        for part, scores in parts.items()
    }


def over_folds(by_fold: Mapping[int, Scores]) -> dict[str, Scores]:
    """Mean and sample standard deviation of each metric, over the folds in which it is defined."""
    names = dict.fromkeys(name for scores in by_fold.values() for name in scores)
    values = {
        name: [scores[name].value for scores in by_fold.values() if name in scores]
        for name in names
    }
    return {
        MEAN: {name: Estimate(float(np.mean(found))) for name, found in values.items()},
        SPREAD: {
            name: Estimate(float(np.std(found, ddof=1)))
            for name, found in values.items()
            if len(found) > 1
        },
    }


def tabulate(pooled: Scores, by_fold: Mapping[int, Scores], protocol: Protocol) -> pd.DataFrame:
    """A row a metric, the headline first.

    Returns:
        protocol, metric, pooled, low, high, note (of insufficient data, or of an interval that is
        not estimable), mean, sd, ``fold_<number>``; missing where undefined.
    """
    first = [name for name in HEADLINES if name in pooled]
    ordered = [*first, *(name for name in pooled if name not in first)]
    columns: dict[str, Sequence[float | str | None]] = {
        "pooled": [pooled[name].value for name in ordered],
        "low": [pooled[name].low for name in ordered],
        "high": [pooled[name].high for name in ordered],
        "note": [note(pooled[name]) for name in ordered],
    }
    parts = over_folds(by_fold) | {f"fold_{number}": scores for number, scores in by_fold.items()}
    for part, scores in parts.items():
        columns[part] = [scores[name].value if name in scores else None for name in ordered]
    table = pd.DataFrame({"metric": ordered} | columns)
    table.insert(0, "protocol", mark(protocol, protocol, " "))
    return table


def mean_leaking(folds: Sequence[Mapping[str, Any]]) -> float:
    """Share of all test images of whose group another image was not tested on in their fold."""
    sizes = [fold["images"]["test"] for fold in folds]
    return float(np.average([fold["leaking"] for fold in folds], weights=sizes))


def mean_synthetic(folds: Sequence[Mapping[str, Any]]) -> float:
    """Mean number of synthetic training images of a fold; a fold without any names no classes."""
    return float(np.mean([sum(fold.get("synthetic", {}).values()) for fold in folds]))
