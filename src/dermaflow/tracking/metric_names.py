"""Names of metrics in MLflow, which knows of a metric a name and a number and no more.

A value is ``test/mel/recall``. What its ``Estimate`` holds beside it is
``z_interval/test/mel/recall_low``, ``…_high`` and ``…_groups``; of too few groups also
``…_groups_needed``, and ``…_not_estimable`` (1) where there could be no interval.

MLflow's pages show metrics in the order of their names, and charts in one section for everything
before a name's last slash. So a run's page begins with values and training curves, and ends with
the intervals, in as many sections as the values have; an end that followed a slash of its own would
make a section of each metric.
"""

from __future__ import annotations

from collections.abc import Mapping

from dermaflow.ml.evaluation.estimate import Estimate, Scores

METRICS_A_BATCH = 1000  # MLflow's limit of metrics in one request

# Sorts after every part: crossval, external, gan, search, system, test, train, val.
BESIDE = "z_interval"
_BESIDE = ("low", "high", "groups", "groups_needed", "not_estimable")  # fields of an Estimate


def name_metrics(parts: Mapping[str, Scores]) -> dict[str, float]:
    """What MLflow logs of scores.

    Args:
        parts: of the data, such as ``test``, with their scores.
    """
    values = {
        f"{part}/{metric}": estimate
        for part, scores in parts.items()
        for metric, estimate in scores.items()
    }
    beside = {
        f"{BESIDE}/{name}_{key}": number
        for name, estimate in values.items()
        for key, number in _beside(estimate).items()
        if number is not None
    }
    return {name: estimate.value for name, estimate in values.items()} | beside


def read_scores(metrics: Mapping[str, float], part: str) -> dict[str, Estimate]:
    """Undo ``name_metrics`` for one part; empty where the run has none of it.

    Args:
        metrics: of a run, by name.
        part: such as ``test``.
    """
    scores = {}
    for name, value in metrics.items():
        if name.startswith(f"{part}/"):
            beside = {key: metrics.get(f"{BESIDE}/{name}_{key}") for key in _BESIDE}
            scores[name.removeprefix(f"{part}/")] = Estimate(
                value,
                beside["low"],
                beside["high"],
                _whole(beside["groups"]),
                _whole(beside["groups_needed"]),
                not_estimable=bool(beside["not_estimable"]),
            )
    return scores


def _beside(estimate: Estimate) -> dict[str, float | None]:
    known = {key: getattr(estimate, key) for key in _BESIDE}
    return known | {"not_estimable": 1.0 if estimate.not_estimable else None}


def _whole(number: float | None) -> int | None:
    return None if number is None else int(number)
