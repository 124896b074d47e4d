"""How figures of folds are named in MLflow, and laid out in a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from dermaflow.experiments.crossval.fold_scores import Scores
from dermaflow.experiments.crossval.folds import Protocol, mark
from dermaflow.ml.evaluation.operating_points import MEASURES
from dermaflow.schema import HEADLINES

POOLED, FOLDS = "crossval", "crossval_folds"
MEAN, SPREAD = "mean", "sd"

_ENDS = ("_low", "_high")


def prefixed(prefix: str, scores: Mapping[str, float]) -> Scores:
    """The same under longer names."""
    return {f"{prefix}{name}": value for name, value in scores.items()}


def name_metrics(
    pooled: Scores, by_fold: Mapping[int, Scores], points: Sequence[str], protocol: Protocol
) -> Scores:
    """Everything under one name each, see ``score_folds``.

    Args:
        pooled: of all folds.
        by_fold: number -> figures of the fold.
        points: names of operating points, of which each fold's figures are told, as of HEADLINES.
        protocol: of the folds.
    """
    own = [*HEADLINES, *(f"{point}/{measure}" for point in points for measure in MEASURES)]
    told = {f"{name}{end}" for name in own for end in ("", *_ENDS)}
    above, below = mark(POOLED, protocol), mark(FOLDS, protocol)
    metrics = prefixed(f"{above}/", pooled)
    for part, scores in over_folds(by_fold).items():
        metrics |= prefixed(f"{below}/{part}/", scores)
    for number, scores in by_fold.items():
        chosen = {name: value for name, value in scores.items() if name in told}
        metrics |= prefixed(f"{below}/fold_{number}/", chosen)
    return metrics


def over_folds(by_fold: Mapping[int, Scores]) -> dict[str, Scores]:
    """Mean and sample standard deviation of each metric, over the folds in which it is defined."""
    names = dict.fromkeys(name for scores in by_fold.values() for name in scores)
    values = {
        name: [scores[name] for scores in by_fold.values() if name in scores]
        for name in names
        if not name.endswith(_ENDS)
    }
    return {
        MEAN: {name: float(np.mean(found)) for name, found in values.items()},
        SPREAD: {
            name: float(np.std(found, ddof=1)) for name, found in values.items() if len(found) > 1
        },
    }


def by_part(metrics: Mapping[str, float], protocol: Protocol) -> dict[str, Scores]:
    """``pooled``, ``mean``, ``sd`` and ``fold_<number>`` -> their figures, of ``name_metrics``."""
    parts: dict[str, Scores] = {}
    above, below = f"{mark(POOLED, protocol)}/", f"{mark(FOLDS, protocol)}/"
    for name, value in metrics.items():
        if name.startswith(above):
            parts.setdefault("pooled", {})[name.removeprefix(above)] = value
        elif name.startswith(below):
            part, _, metric = name.removeprefix(below).partition("/")
            parts.setdefault(part, {})[metric] = value
    return parts


def tabulate(pooled: Scores, by_fold: Mapping[int, Scores], protocol: Protocol) -> pd.DataFrame:
    """A row a metric, the headline first.

    Returns:
        protocol, metric, pooled, low, high, mean, sd, ``fold_<number>``; missing where undefined.
    """
    names = [name for name in pooled if not name.endswith(_ENDS)]
    first = [name for name in HEADLINES if name in names]
    ordered = [*first, *(name for name in names if name not in first)]
    columns = {"pooled": pooled} | over_folds(by_fold)
    columns |= {f"fold_{number}": scores for number, scores in by_fold.items()}
    values = {part: [scores.get(name) for name in ordered] for part, scores in columns.items()}
    table = pd.DataFrame({"metric": ordered} | values)
    for place, end in enumerate(_ENDS, start=2):
        table.insert(place, end.strip("_"), [pooled.get(f"{name}{end}") for name in ordered])
    table.insert(0, "protocol", mark(protocol, protocol, " "))
    return table
