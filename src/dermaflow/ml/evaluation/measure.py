"""Metrics of one set of images, with intervals.

Shares whose denominator is given with the images (recall, specificity, accuracy) have Wilson's, and
the mean of recalls has one from these. All else has the bootstrap's. A precision is a share, too,
but of what the model chose to call: its denominator is an outcome, which the bootstrap lets vary.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from dermaflow.ml.evaluation.bootstrap import percentile_intervals
from dermaflow.ml.evaluation.choose_rule import targets_of
from dermaflow.ml.evaluation.decision_rule import DecisionRule
from dermaflow.ml.evaluation.estimate import Estimate
from dermaflow.ml.evaluation.images_behind import images_behind, make_estimates
from dermaflow.ml.evaluation.metrics import score
from dermaflow.ml.evaluation.operating_points import Calls, apply_thresholds, rate_calls
from dermaflow.ml.evaluation.predictions import Floats, Predictions
from dermaflow.ml.evaluation.proportion_intervals import Interval, mean_interval, wilson_interval
from dermaflow.params.evaluate import EvaluateParams

# Support is given, not estimated. The calibration error is biased upwards by resampling, so that
# its percentile interval may not even hold the value itself.
WITHOUT_INTERVAL = ("support", "ece")
# Last parts of the names of metrics whose intervals are Wilson's.
SHARES = ("recall", "specificity", "accuracy")
MEAN_RECALL = "balanced_accuracy"
# Metrics of the probabilities that calibration is there to mend, reported without it as well.
MENDED = ("ece", "log_loss")


def measure(
    held_out: Predictions,
    rule: DecisionRule,
    evaluate: EvaluateParams,
    samples: int,
    generator: np.random.Generator,
) -> dict[str, Estimate]:
    """Metrics of one split that are defined; without any intervals if ``samples`` is 0.

    Among them ``images`` and ``groups``, which are counts.
    """
    calls = apply_thresholds(held_out, rule)
    return measure_calls(held_out, calls, evaluate, samples, generator)


def measure_calls(
    held_out: Predictions,
    calls: Mapping[str, Calls],
    evaluate: EvaluateParams,
    samples: int,
    generator: np.random.Generator,
) -> dict[str, Estimate]:
    """``measure`` where operating points have called images already, by whatever thresholds."""
    targets = [t for t in targets_of(evaluate).values() if t.code in held_out.classes]

    def statistic(weights: Floats) -> dict[str, Floats]:
        values = score(held_out, weights, evaluate.calibration_bins, targets)
        return values | rate_calls(held_out, calls, weights)

    values = statistic(np.ones((1, len(held_out))))
    behind = images_behind(held_out, calls, targets)
    resampled = percentile_intervals(
        statistic, held_out.groups, samples, evaluate.confidence, generator
    )
    closed = _share_intervals(values, held_out, behind, evaluate.confidence)
    bounded = [name for name in values if name.split("/")[-1] not in WITHOUT_INTERVAL]
    # What no resample defines is not estimable, either.
    intervals = {name: closed.get(name, resampled.get(name)) for name in bounded if samples}
    counts = {"images": Estimate(len(held_out)), "groups": Estimate(held_out.count_groups())}
    return counts | make_estimates(values, intervals, held_out, behind, evaluate.least_groups)


def _share_intervals(
    values: Mapping[str, Floats],
    held_out: Predictions,
    behind: Mapping[str, NDArray[np.bool_]],
    confidence: float,
) -> dict[str, Interval]:
    """Intervals of the shares that are defined, and of the mean of the classes' recalls."""
    shares = {
        name: (float(value), held_out.count_groups(behind.get(name)))
        for name, (value,) in values.items()
        if name.split("/")[-1] in SHARES and not np.isnan(value)
    }
    intervals = {name: wilson_interval(*share, confidence) for name, share in shares.items()}
    recalls = [f"{code}/recall" for code in held_out.classes]
    defined = [shares[name] for name in recalls if name in shares]
    return intervals | {MEAN_RECALL: mean_interval(defined, confidence)}


def measure_uncalibrated(plain: Predictions, evaluate: EvaluateParams) -> dict[str, Estimate]:
    """What calibration is there to mend, of probabilities without it."""
    values = score(plain, np.ones((1, len(plain))), evaluate.calibration_bins, ())
    groups = plain.count_groups()
    return {
        f"{name}_uncalibrated": Estimate(float(values[name][0]), groups=groups).require_groups(
            evaluate.least_groups
        )
        for name in MENDED
    }
