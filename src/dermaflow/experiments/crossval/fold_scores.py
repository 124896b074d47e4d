"""What folds are worth, one by one and pooled."""

from __future__ import annotations

import pandas as pd

from dermaflow.io.seeding import numpy_generator
from dermaflow.ml.evaluation.decision_rule import DecisionRule, answer
from dermaflow.ml.evaluation.estimate import Estimate, Scores
from dermaflow.ml.evaluation.measure import measure, measure_calls, measure_uncalibrated
from dermaflow.ml.evaluation.operating_points import Calls
from dermaflow.ml.evaluation.predictions import read_rows
from dermaflow.params.evaluate import EvaluateParams


def score_pooled(
    predictions: pd.DataFrame,
    logits: pd.DataFrame,
    evaluate: EvaluateParams,
    classes: list[str],
    seed: int,
) -> dict[str, Estimate]:
    """Metrics of all images that were tested on, each by the network of its fold.

    Args:
        predictions: pooled; every image is called by the thresholds of its own fold.
        logits: of the held-out images of all folds.
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
    return scores | measure_uncalibrated(read_rows(plain, classes), evaluate)


def score_fold(
    logits: pd.DataFrame,
    rule: DecisionRule,
    evaluate: EvaluateParams,
    classes: list[str],
    seed: int,
) -> dict[str, Scores]:
    """Metrics of a fold's ``test`` images, and without intervals of its ``val`` ones.

    Args:
        logits: of the fold.
        rule: that its validation images chose.
        evaluate: see ``score_pooled``.
        classes: codes.
        seed: of the resamples.
    """
    scores: dict[str, Scores] = {}
    for side, samples in (("test", evaluate.bootstrap_samples), ("val", 0)):
        rows = logits[logits["split"] == side]
        generator = numpy_generator(seed, "crossval", "bootstrap", str(rows["fold"].iloc[0]))
        held_out = read_rows(answer(rows, rule, classes), classes)
        plain = read_rows(answer(rows, DecisionRule(), classes), classes)
        measured = measure(held_out, rule, evaluate, samples, generator)
        scores[side] = measured | measure_uncalibrated(plain, evaluate)
    return scores
