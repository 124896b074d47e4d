"""What folds are worth, one by one and pooled."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from dermaflow.io.seeding import numpy_generator
from dermaflow.ml.evaluation.coverage_band import SetAnswers
from dermaflow.ml.evaluation.decision_rule import DecisionRule, answer
from dermaflow.ml.evaluation.estimate import Estimate
from dermaflow.ml.evaluation.measure import measure, measure_calls, measure_uncalibrated
from dermaflow.ml.evaluation.operating_points import Calls
from dermaflow.ml.evaluation.predictions import read_rows
from dermaflow.ml.evaluation.set_coverage import score_sets
from dermaflow.params.evaluate import EvaluateParams


def score_pooled(
    predictions: pd.DataFrame,
    logits: pd.DataFrame,
    rules: Mapping[int, DecisionRule],
    evaluate: EvaluateParams,
    classes: list[str],
    seed: int,
) -> dict[str, Estimate]:
    """Metrics of all images that were tested on, each by the network of its fold.

    Args:
        predictions: pooled; every image is called by the thresholds of its own fold.
        logits: of the held-out images of all folds.
        rules: number of a fold -> its rule.
        evaluate: points, resamples and confidence.
        classes: codes.
        seed: of the resamples.
    """
    points = evaluate.operating_points.items()
    calls = {
        name: Calls(point.class_, predictions[name].to_numpy(bool))
        for name, point in points
        if name in predictions
    }
    generator = numpy_generator(seed, "crossval", "bootstrap")
    pooled = read_rows(predictions, classes)
    scores = measure_calls(pooled, calls, evaluate, evaluate.bootstrap_samples, generator)
    plain = answer(logits[logits["split"] == "test"], DecisionRule(), classes)
    scores |= measure_uncalibrated(read_rows(plain, classes), evaluate)
    tested = [
        SetAnswers(predictions[predictions["fold"] == number], rule.sets)
        for number, rule in rules.items()
        if rule.sets
    ]
    return scores | score_sets(tested, classes, evaluate.confidence)


def score_fold(
    logits: pd.DataFrame,
    rule: DecisionRule,
    evaluate: EvaluateParams,
    classes: list[str],
    seed: int,
) -> dict[str, dict[str, Estimate]]:
    """Metrics of a fold's ``test`` images, and without intervals of its ``val`` ones.

    Args:
        logits: of the fold.
        rule: that its validation images chose.
        evaluate: see ``score_pooled``.
        classes: codes.
        seed: of the resamples.
    """
    scores: dict[str, dict[str, Estimate]] = {}
    for side, samples in (("test", evaluate.bootstrap_samples), ("val", 0)):
        rows = logits[logits["split"] == side]
        generator = numpy_generator(seed, "crossval", "bootstrap", str(rows["fold"].iloc[0]))
        answers = answer(rows, rule, classes)
        held_out = read_rows(answers, classes)
        plain = read_rows(answer(rows, DecisionRule(), classes), classes)
        measured = measure(held_out, rule, evaluate, samples, generator)
        scores[side] = measured | measure_uncalibrated(plain, evaluate)
        if rule.sets and side != "val":
            tested = SetAnswers(answers, rule.sets)
            scores[side] |= score_sets([tested], classes, evaluate.confidence)
    return scores
