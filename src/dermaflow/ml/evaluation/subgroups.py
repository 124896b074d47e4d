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
from dermaflow.ml.evaluation.metrics import score
from dermaflow.ml.evaluation.predictions import Floats, Predictions
from dermaflow.ml.evaluation.set_coverage import measure_subgroup
from dermaflow.params.evaluate import EvaluateParams
from dermaflow.schema import EXTERNAL

# A measure -> the classes that it is of: None for whatever is there, else that one against others.
MEASURES = {"accuracy": None, "balanced_accuracy": None, "mel/recall": "mel", "mel/auc": "mel"}

ALL = "all"
UNKNOWN = "unknown"
INSUFFICIENT = "insufficient data"


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
        and note: of which classes a mean is, or ``insufficient data`` and what is missing.

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
            least, confidence = evaluate.subgroups.least, evaluate.confidence
            of_sets = measure_subgroup(table[chosen], classes, least, confidence)
            rows += [facts | row for row in of_sets]
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

    def statistic(weights: Floats) -> dict[str, Floats]:
        values = score(held_out, weights, 1, ())
        recalls = np.stack([values[f"{code}/recall"] for code in enough or held_out.classes])
        # A resample without an image of a class has no recall of it, and no mean over all of them.
        return values | {"balanced_accuracy": recalls.mean(axis=0)}

    values = statistic(np.ones((1, len(held_out))))
    intervals = percentile_intervals(
        statistic,
        held_out.groups,
        evaluate.bootstrap_samples,
        evaluate.confidence,
        generator,
        shown=False,
    )
    for measure, code in MEASURES.items():
        if code is not None and code not in held_out.classes:
            continue
        missing = _missing(measure, code, held_out, of_class, least)
        value = low = high = np.nan
        note = f"{INSUFFICIENT}: {missing}" if missing else ""
        if not missing:
            value = float(values[measure][0])
            low, high = intervals.get(measure, (np.nan, np.nan))
            if measure == "balanced_accuracy" and len(enough) < len(held_out.classes):
                note = f"of {', '.join(enough)}"
        yield {"measure": measure, "value": value, "low": low, "high": high, "note": note}


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
