"""Choosing the decision rule on validation images."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
import pandas as pd

from dermaflow.ml.evaluation.conformal import choose_sets
from dermaflow.ml.evaluation.decision_rule import DecisionRule, Threshold, answer
from dermaflow.ml.evaluation.operating_points import MEASURES, Target, choose_threshold, score_calls
from dermaflow.ml.evaluation.predictions import Predictions
from dermaflow.params.evaluate import EvaluateParams
from dermaflow.schema import logit_columns

logger = logging.getLogger(__name__)


def choose_rule(
    val: pd.DataFrame, classes: list[str], evaluate: EvaluateParams, views: int
) -> dict[str, Any]:
    """``choose_decision_rule`` on validation rows, less what says which weights they are of.

    Args:
        val: rows of ``logits``, all of which are used; of sets one image a lesion.
        classes: of the logits.
        evaluate: its operating points, and what is asked of sets.
        views: over which the logits are means.
    """
    from dermaflow.ml.evaluation.calibration import Calibration, fit_calibration

    uncalibrated = Predictions.from_table(answer(val, DecisionRule(), classes), classes)
    shares = count_prevalences(val["label"], classes)
    fitted = fit_calibration(
        val[logit_columns(classes)].to_numpy(np.float64),
        uncalibrated.labels,
        np.array(list(shares.values())) if evaluate.calibration == "prevalence" else None,
    )
    if fitted is None:
        logger.warning("No temperature makes the validation labels most likely: it stays 1")
    calibration = fitted or Calibration(1.0)
    offsets = offset_classes(shares, calibration.prior_exponent)
    rule = DecisionRule(calibration.temperature, offsets, views=views)
    answers = answer(val, rule, classes)
    points, left_out = choose_points(Predictions.from_table(answers, classes), targets_of(evaluate))
    for name, reason in left_out.items():
        logger.warning("Operating point %s is left out: %s", name, reason)
    # All validation images have a say in the choice of the epoch.
    sets = choose_sets(
        answers, classes, evaluate.sets.coverage, evaluate.sets.least, chose_epoch=True
    )
    return {
        "chosen_on": {"split": "val", "images": len(val), "prevalences": shares},
        "views": rule.views,
        "logit_adjustment": evaluate.logit_adjustment,
        "class_weights": weigh_classes(shares, evaluate.logit_adjustment),
        "calibration": evaluate.calibration,
        "temperature": rule.temperature,
        "prior_exponent": calibration.prior_exponent,
        "class_offsets": rule.class_offsets,
        "temperature_is_fitted": fitted is not None,
        "operating_points": points,
        "left_out": left_out,
        "sets": sets.to_dict(),
    }


def count_prevalences(labels: pd.Series, classes: list[str]) -> dict[str, float]:
    """Share of each class, above 0: one without images counts as if it had one.

    Args:
        labels: codes.
        classes: all codes.
    """
    counts = labels.value_counts().reindex(classes, fill_value=0).clip(lower=1)
    return {code: float(counts[code] / counts.sum()) for code in classes}


def offset_classes(shares: dict[str, float], exponent: float) -> dict[str, float]:
    """The logarithm of each class's factor, prevalence ** exponent; none of exponent 0."""
    if not exponent:
        return {}
    return {code: float(exponent * np.log(share)) for code, share in shares.items()}


def weigh_classes(shares: dict[str, float], adjustment: float) -> dict[str, float]:
    """Weight of each class among those that might be predicted: 1 / prevalence ** adjustment.

    That is logit adjustment after training (Menon et al. 2021, arXiv:2007.07314). Of probabilities
    that are right, 0 predicts what is most often right, and 1 what is best for the mean of the
    classes' recalls.

    Args:
        shares: of all classes, above 0.
        adjustment: tau, 0 or above; of 0 there are no weights.
    """
    if not adjustment:
        return {}
    return {code: share**-adjustment for code, share in shares.items()}


def choose_points(
    val: Predictions, targets: dict[str, Target]
) -> tuple[dict[str, dict[str, Any]], dict[str, str]]:
    """Each operating point with its threshold and what it reaches, and why the others have none."""
    thresholds: dict[str, Threshold] = {}
    left_out: dict[str, str] = {}
    for name, target in targets.items():
        try:
            thresholds[name] = Threshold(target.code, choose_threshold(val, target))
        except ValueError as error:
            left_out[name] = str(error)
    rates = score_calls(val, DecisionRule(thresholds=thresholds), np.ones((1, len(val))))
    reached = {name: float(rate[0]) for name, rate in rates.items() if not np.isnan(rate[0])}
    points = {
        name: {
            "class": threshold.code,
            targets[name].measure: targets[name].value,
            "threshold": threshold.value,
            "validation": {m: reached[f"{name}/{m}"] for m in MEASURES if f"{name}/{m}" in reached},
        }
        for name, threshold in thresholds.items()
    }
    return points, left_out


def targets_of(evaluate: EvaluateParams) -> dict[str, Target]:
    """Operating points of conf by their names."""
    return {
        name: Target(point.class_, "recall", point.recall)
        if point.recall is not None
        else Target(point.class_, "specificity", point.specificity or 1.0)
        for name, point in evaluate.operating_points.items()
    }
