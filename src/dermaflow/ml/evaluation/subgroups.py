"""Figures of parts of the tested images, such as those of one skin tone."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dermaflow.errors import ParameterError
from dermaflow.io.progress import Progress
from dermaflow.io.seeding import numpy_generator
from dermaflow.ml.evaluation.bootstrap import percentile_intervals
from dermaflow.ml.evaluation.curves import rank
from dermaflow.ml.evaluation.estimate import Estimate
from dermaflow.ml.evaluation.estimate_text import INSUFFICIENT, NOT_ESTIMABLE
from dermaflow.ml.evaluation.metrics import auc
from dermaflow.ml.evaluation.predictions import Floats, Predictions
from dermaflow.ml.evaluation.proportion_intervals import mean_interval, wilson_interval
from dermaflow.ml.evaluation.risk_coverage import measure_subgroup_abstained
from dermaflow.ml.evaluation.set_coverage import measure_subgroup
from dermaflow.params.evaluate import EvaluateParams
from dermaflow.schema import EXTERNAL

# A measure -> the classes that it is of: None for whatever is there, else that one against others.
MEASURES = {"accuracy": None, "balanced_accuracy": None, "mel/recall": "mel", "mel/auc": "mel"}

ALL = "all"
UNKNOWN = "unknown"


def score_subgroups(
    predictions: pd.DataFrame,
    manifest: pd.DataFrame,
    evaluate: EvaluateParams,
    classes: list[str],
    seed: int,
) -> pd.DataFrame:
    """Measures of the test split and of each external source, by what the manifest tells of images.

    Nothing is told of too few groups (lesions, or patients where they are known): a measure needs
    ``evaluate.subgroups.least`` of each class that it is of. Balanced accuracy is the mean recall
    of the classes that have so many.

    Args:
        predictions: see ``apply_decision_rule``.
        manifest: holds the same images, and the columns that ``evaluate.subgroups.by`` names.

    Returns:
        One row a subgroup and measure: part (as in the names of metrics), column, subgroup (``all``
        for the whole part), images, groups, measure, value, low, high (missing without resamples)
        and note: of which classes a mean is, ``interval not estimable``, or ``insufficient data``
        and what is missing.

    Raises:
        ParameterError: ``evaluate.subgroups.by`` names no column of the manifest, or gives edges to
            one that does not hold numbers.
    """
    for column in evaluate.subgroups.by:
        if column not in manifest:
            raise ParameterError(
                f"evaluate.subgroups.by.{column}: the manifest has no such column, but "
                f"{', '.join(manifest.columns)}"
            )
    rows = []
    for part, table in _parts(predictions, manifest):
        named = list(_subgroups(table, evaluate.subgroups.by))
        for column, subgroup, chosen in Progress(
            named, desc=f"Subgroups of {part}", unit="subgroup"
        ):
            held_out = Predictions.from_table(table[chosen], classes)
            facts = {
                "part": part,
                "column": column,
                "subgroup": subgroup,
                "images": len(held_out),
                "groups": held_out.count_groups(),
            }
            generator = numpy_generator(seed, "evaluate", "subgroup", part, column, subgroup)
            rows += [facts | row for row in _measure(held_out, evaluate, generator)]
            of_sets = measure_subgroup(
                table[chosen], classes, evaluate.confidence, evaluate.subgroups.least
            )
            of_abstention = measure_subgroup_abstained(
                table[chosen], evaluate.confidence, evaluate.subgroups.least
            )
            rows += [facts | row for row in (*of_sets, *of_abstention)]
    return pd.DataFrame(rows)


def _parts(predictions: pd.DataFrame, manifest: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Predictions of what was tested, beside what the manifest tells of each image."""
    known = manifest.drop(columns=[c for c in predictions if c != "image_id"], errors="ignore")
    table = predictions.merge(known, on="image_id", how="left", validate="1:1")
    yield "test", table[table["split"] == "test"]
    external = table[table["split"] == EXTERNAL]
    for source, rows in external.groupby("source"):
        yield f"{EXTERNAL}/{source}", rows


def _subgroups(
    table: pd.DataFrame, by: dict[str, list[float]]
) -> Iterator[tuple[str, str, NDArray[np.bool_]]]:
    """Column, name and images of each subgroup; none of a column that tells nothing here."""
    yield ALL, ALL, np.ones(len(table), bool)
    for column, edges in by.items():
        values = table[column]
        if values.notna().any():
            names = _cut(values, edges, column) if edges else values.astype(object)
            names = names.where(values.notna(), UNKNOWN).astype(str)
            order = dict.fromkeys([*_ranges(edges), *sorted(set(names) - {UNKNOWN}), UNKNOWN])
            for name in order:
                chosen = (names == name).to_numpy()
                if chosen.any():
                    yield column, name, chosen


def _cut(values: pd.Series, edges: list[float], column: str) -> pd.Series:
    try:
        numbers = values.astype(float)
    except ValueError as error:
        raise ParameterError(
            f"evaluate.subgroups.by.{column}: only numbers have edges ({error}); give [] instead"
        ) from error
    places = np.searchsorted(edges, numbers, side="right")
    return pd.Series(np.array(_ranges(edges), object)[places], index=values.index)


def _ranges(edges: list[float]) -> list[str]:
    """Names of the ranges that edges divide numbers into; each begins at its lower edge."""
    if not edges:
        return []
    between = [f"{low:g} to below {high:g}" for low, high in pairwise(edges)]
    return [f"below {edges[0]:g}", *between, f"{edges[-1]:g} and above"]


def _measure(
    held_out: Predictions, evaluate: EvaluateParams, generator: np.random.Generator
) -> Iterator[dict[str, Any]]:
    """A row a measure."""
    least = evaluate.subgroups.least
    of_class = {
        code: held_out.count_groups(held_out.labels == number)
        for number, code in enumerate(held_out.classes)
    }
    enough = [code for code, count in of_class.items() if count >= least]
    for measure, code in MEASURES.items():
        if code is not None and code not in held_out.classes:
            continue
        row = {"measure": measure, "value": np.nan, "low": np.nan, "high": np.nan, "note": ""}
        if missing := _missing(measure, code, held_out, of_class, least):
            yield row | {"note": f"{INSUFFICIENT}: {missing}"}
            continue
        found = _estimate(measure, held_out, enough, evaluate, generator)
        row["value"] = found.value
        if evaluate.bootstrap_samples and found.interval:
            row["low"], row["high"] = found.interval
        elif evaluate.bootstrap_samples:
            row["note"] = NOT_ESTIMABLE
        if measure == "balanced_accuracy" and len(enough) < len(held_out.classes):
            row["note"] = f"of {', '.join(enough)}"
        yield row


def _estimate(
    measure: str,
    held_out: Predictions,
    enough: list[str],
    evaluate: EvaluateParams,
    generator: np.random.Generator,
) -> Estimate:
    """A measure with its interval, made as ``measure`` makes that of the whole part.

    Args:
        measure: of ``MEASURES``.
        held_out: images of the subgroup.
        enough: classes of which there are enough groups.
        evaluate: how intervals are made.
        generator: of the resampling.
    """
    code, _, kind = measure.partition("/")
    if kind == "auc":
        return _estimate_auc(held_out, code, evaluate, generator)
    right = held_out.predicted == held_out.labels

    def share(rows: NDArray[np.bool_]) -> tuple[float, int]:
        return float(right[rows].mean()), held_out.count_groups(rows)

    def recall(code: str) -> tuple[float, int]:
        return share(held_out.labels == held_out.classes.index(code))

    if measure == "balanced_accuracy":
        recalls = [recall(code) for code in enough]
        mean = float(np.mean([value for value, _ in recalls]))
        return Estimate(mean, *mean_interval(recalls, evaluate.confidence))
    value, groups = recall(code) if kind == "recall" else share(np.ones(len(held_out), bool))
    return Estimate(value, *wilson_interval(value, groups, evaluate.confidence))


def _estimate_auc(
    held_out: Predictions, code: str, evaluate: EvaluateParams, generator: np.random.Generator
) -> Estimate:
    number = held_out.classes.index(code)

    def statistic(weights: Floats) -> dict[str, Floats]:
        scores = held_out.probabilities[:, number]
        return {"auc": auc(rank(held_out.labels == number, scores, weights))}

    value = float(statistic(np.ones((1, len(held_out))))["auc"][0])
    ends = percentile_intervals(
        statistic,
        held_out.groups,
        evaluate.bootstrap_samples,
        evaluate.confidence,
        generator,
        shown=False,
    ).get("auc")
    return Estimate(value, *(ends or ()))


def _missing(
    measure: str, code: str | None, held_out: Predictions, of_class: dict[str, int], least: int
) -> str:
    """What a measure lacks, in words; nothing if it can be told."""
    if code is not None and of_class[code] < least:
        return f"{of_class[code]} groups of {code}, {least} are needed"
    if code is not None and measure.endswith("/auc"):
        others = held_out.count_groups(held_out.labels != held_out.classes.index(code))
        if others < least:
            return f"{others} groups of other classes, {least} are needed"
    in_all = held_out.count_groups()
    if in_all < least:
        return f"{in_all} groups, {least} are needed"
    enough = sum(count >= least for count in of_class.values())
    if measure == "balanced_accuracy" and enough < 2:
        return f"{enough} of the classes with {least} groups, 2 are needed"
    return ""
