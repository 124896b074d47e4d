"""Whether a version of the model may be promoted: what is known of it against what conf asks."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from dermaflow.ml.evaluation.estimate import Scores, untested_classes
from dermaflow.params.evaluate import EvaluateParams
from dermaflow.params.promote import FloorParams, PromoteParams

# Floor in conf -> metric of the test split.
FLOOR_METRICS = {
    "balanced_accuracy": "balanced_accuracy",
    "macro_auc": "macro_auc",
    "melanoma_recall": "mel/recall",
}
_MEANS = ("balanced_accuracy", "macro_auc")  # over classes; those without an image are left out


@dataclass(frozen=True)
class Facts:
    """What is known of a version; None stands for what is not.

    Attributes:
        run_id: of the run that made the figures.
        scores: of the test split, by metric.
        groups_across_splits: how many lesions or patients are on two sides of the split.
        broken: how many expectations that should have stopped the run were not met.
        version_data: data version that the model was trained on.
        run_data: data version that the figures are of.
        env: environment of the run.
        confidence: of the intervals.
        resamples: of the bootstrap that they come from.
    """

    run_id: str | None
    scores: Scores
    groups_across_splits: int | None = None
    broken: int | None = None
    version_data: str | None = None
    run_data: str | None = None
    env: str | None = None
    confidence: float | None = None
    resamples: int | None = None


@dataclass(frozen=True)
class Check:
    """One thing asked, and what was found, such as ``0.712 >= 0.600``."""

    name: str
    passed: bool
    found: str


def judge(facts: Facts, promote: PromoteParams, evaluate: EvaluateParams, env: str) -> list[Check]:
    """Check a version. What is not known of it fails: it is never taken for granted.

    Args:
        facts: of the version.
        promote: what is asked.
        evaluate: how intervals are to be made.
        env: environment that these are of.

    Returns:
        A check for each floor and each requirement that conf sets, one for the intervals where
        their lower ends are judged, and one for the data version.
    """
    floors = list(_floors(promote.floors))
    checks = [
        _check_floor(name, metric, facts.scores, floor, promote.judged_by)
        for name, metric, floor in floors
    ]
    if floors and promote.judged_by == "lower_bound":
        checks.append(_check_intervals(facts, evaluate))
    if promote.require.no_group_crosses_splits:
        checks.append(
            _check_none("no_group_crosses_splits", facts.groups_across_splits, "groups cross")
        )
    if promote.require.validation_passed:
        checks.append(_check_none("validation_passed", facts.broken, "expectations broken"))
    if promote.require.same_environment:
        checks.append(_check_equal("same_environment", facts.env, env))
    # The figures must be of the data that the model was trained on.
    return [*checks, _check_equal("data_version", facts.run_data, facts.version_data)]


def _floors(floors: FloorParams) -> Iterator[tuple[str, str, float]]:
    """Name, metric of the test split and value of each floor that conf sets."""
    for name, metric in FLOOR_METRICS.items():
        floor: float | None = getattr(floors, name)
        if floor is not None:
            yield name, metric, floor
    for point, measures in (floors.operating_points or {}).items():
        for measure, floor in measures.items():
            yield f"{point}_{measure}", f"{point}/{measure}", floor


def _check_floor(name: str, metric: str, scores: Scores, floor: float, judged_by: str) -> Check:
    score, untested = scores.get(metric), untested_classes(scores)
    if untested and metric in _MEANS:
        return Check(name, False, f"unknown for {', '.join(untested)}, {floor:.3f} asked")
    figure = None
    if score is not None:
        figure = score.value if judged_by == "value" else score.low
    if figure is None or math.isnan(figure):
        return Check(name, False, f"missing, {floor:.3f} asked")
    passed = figure >= floor
    return Check(name, passed, f"{figure:.3f} {'>=' if passed else '<'} {floor:.3f}")


def _check_intervals(facts: Facts, evaluate: EvaluateParams) -> Check:
    """A run with narrower intervals than conf asks for would have higher lower ends."""
    asked = f"{evaluate.confidence:g} of {evaluate.bootstrap_samples}"
    if facts.confidence is None or facts.resamples is None:
        return Check("intervals", False, f"missing, {asked} asked")
    enough = (
        facts.confidence >= evaluate.confidence and facts.resamples >= evaluate.bootstrap_samples
    )
    found = f"{facts.confidence:g} of {facts.resamples}"
    return Check("intervals", enough, f"{found} {'>=' if enough else '<'} {asked}")


def _check_none(name: str, count: int | None, what: str) -> Check:
    return Check(name, count == 0, "missing" if count is None else f"{count} {what}")


def _check_equal(name: str, found: str | None, asked: str | None) -> Check:
    same = found is not None and found == asked
    return Check(name, same, f"{found or 'missing'} {'==' if same else '!='} {asked or 'missing'}")
