"""Runs set beside each other: which parameters differ, and by how much the metrics do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd
from pandas.errors import MergeError

from dermaflow.ml.evaluation.paired_difference import (
    Resampling,
    pair_predictions,
    paired_differences,
)
from dermaflow.reporting.comparison.content import ComparedRun, Comparison, Difference, count
from dermaflow.schema import LEAKING, RESULTS

# With fewer groups percentile intervals are clearly too narrow (Hesterberg 2015,
# doi:10.1080/00031305.2015.1089789).
_FEW_GROUPS = 30

# Parameters that say how a run's intervals were made.
_RESAMPLING = (
    "evaluate.bootstrap_samples",
    "evaluate.confidence",
    "seed",
    "evaluate.least_groups",
)


def compare_runs(experiment: str, runs: Sequence[ComparedRun]) -> Comparison:
    """Compare runs with the first of them, resampling as that one's evaluate stage did.

    Args:
        experiment: their MLflow experiment.
        runs: at least two.
    """
    samples, confidence, seed, least = (runs[0].parameters.get(name) for name in _RESAMPLING)
    resampling = None
    if samples and confidence and seed and least:
        resampling = Resampling(int(samples), float(confidence), int(seed), int(least))
    return Comparison(
        experiment=experiment,
        runs=tuple(runs),
        parameters=differing_parameters(runs),
        differences=tuple(compare_two(runs[0], other, resampling) for other in runs[1:]),
        resampling=resampling,
    )


def differing_parameters(runs: Sequence[ComparedRun]) -> dict[str, list[str | None]]:
    """Value of each run, or None, of the keys on which the runs do not agree."""
    keys = sorted({key for run in runs for key in run.parameters})
    values = {key: [run.parameters.get(key) for run in runs] for key in keys}
    return {key: row for key, row in values.items() if len(set(row)) > 1}


def compare_two(
    first: ComparedRun, other: ComparedRun, resampling: Resampling | None
) -> Difference:
    """The paired difference of two runs on their common test images, and what to beware of.

    ``estimates`` is empty where there is none; a warning then says why.
    """
    warnings = [*_warn_of_protocol(first, other), *_warn_of_data(first, other)]
    warnings += _warn_of_intervals(first, other)

    def unpaired(reason: str) -> Difference:
        text = f"There is no paired difference: {reason}."
        return Difference(other.label, 0, 0, {}, (*warnings, text))

    if first.predictions is None or other.predictions is None:
        without = [run.label for run in (first, other) if run.predictions is None]
        return unpaired(f"{' and '.join(without)} left no predictions")
    if set(first.classes) != set(other.classes):
        return unpaired("the two tell other classes apart")
    warnings += _warn_of_images(first, other)
    warnings += _warn_of_images(other, first)
    try:
        pairing = pair_predictions(
            _test_rows(first.predictions), _test_rows(other.predictions), first.classes
        )
    except (KeyError, MergeError) as error:
        return unpaired(f"the predictions do not fit together ({error})")
    if pairing.relabelled:
        warnings.append(
            f"{count(pairing.relabelled, 'common test image')} left out, for the runs do not agree "
            "on the label."
        )
    if not len(pairing.first):
        return unpaired("no image is in the test split of both")
    groups = len(set(pairing.first.groups))
    if groups < _FEW_GROUPS:
        warnings.append(
            f"{count(groups, 'group')} in common are few: the intervals are too narrow, if there "
            "are any."
        )
    return Difference(
        run=other.label,
        images=len(pairing.first),
        groups=groups,
        estimates=paired_differences(pairing, resampling),
        warnings=tuple(warnings),
    )


def _test_rows(predictions: pd.DataFrame) -> pd.DataFrame:
    return predictions[predictions["split"] == "test"]


def _warn_of_protocol(first: ComparedRun, other: ComparedRun) -> Iterator[str]:
    """Pooled over folds, an image is tested by a network that did not train on it, too."""
    for run in (first, other):
        if LEAKING in run.result:
            yield (
                f"{run.label} is {LEAKING}: lesions that it is tested on were trained on, so that "
                "its figures are too good."
            )
    if first.result != other.result:
        what = " and ".join(f"{run.label} is a {RESULTS[run.result]}" for run in (first, other))
        yield f"{what}: what differs is of the protocol as well as of the model."


def _warn_of_data(first: ComparedRun, other: ComparedRun) -> Iterator[str]:
    """Different data may be split differently, which no list of test images can tell."""
    if first.data_version is not None and first.data_version == other.data_version:
        return
    versions = " and ".join(run.data_version or "unknown" for run in (first, other))
    yield (
        f"The data versions of {first.label} and {other.label} are {versions}: figures of "
        "the whole test splits are of different images, and that test images or lesions of one "
        "were in the training data of the other cannot be excluded."
    )


def _warn_of_images(one: ComparedRun, other: ComparedRun) -> Iterator[str]:
    """Test images of one run that the other did not test on, and where it may have had them."""
    assert one.predictions is not None and other.predictions is not None
    tested = set(_test_rows(one.predictions)["image_id"])
    absent = tested - set(_test_rows(other.predictions)["image_id"])
    if not absent:
        return
    chosen_by = len(absent & set(other.predictions["image_id"]))
    yield (
        f"{len(absent):,} of {count(len(tested), 'test image')} of {one.label} left out, not being "
        f"in the test split of {other.label}: its validation split holds {chosen_by:,}, and its "
        f"training data may hold {len(absent) - chosen_by:,}."
    )


def _warn_of_intervals(first: ComparedRun, other: ComparedRun) -> Iterator[str]:
    absent = [name for name in _RESAMPLING if not first.parameters.get(name)]
    if absent:
        yield (
            f"{first.label} logged no parameter {', '.join(absent)}, so the differences have no "
            "intervals."
        )
    level = _RESAMPLING[1]
    values = [run.parameters.get(level) for run in (first, other)]
    if None not in values and values[0] != values[1]:
        yield (
            f"The intervals of {first.label} and {other.label} are of different confidence, "
            f"{values[0]} and {values[1]}."
        )
