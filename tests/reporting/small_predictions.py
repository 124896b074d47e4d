"""Predictions of some skill, and their metrics, for figures."""

import numpy as np

from dermaflow.ml.evaluation.decision_rule import DecisionRule, Threshold
from dermaflow.ml.evaluation.estimate import Estimate
from dermaflow.ml.evaluation.metrics import score
from dermaflow.ml.evaluation.operating_points import score_calls
from dermaflow.ml.evaluation.predictions import Predictions

CLASSES = ("bcc", "mel", "nv")
RULE = DecisionRule(thresholds={"strict": Threshold("mel", 0.6), "wide": Threshold("mel", 0.25)})
CODES = {"strict": "mel", "wide": "mel"}


def make_predictions(classes=CLASSES, images=60):
    """Two images a group; the last class has no image where there are more than three."""
    rng = np.random.default_rng(0)
    present = len(classes) - (len(classes) > 3)
    labels = rng.integers(0, present, images)
    logits = rng.normal(size=(images, len(classes))) + np.eye(len(classes))[labels]
    probabilities = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    return Predictions(classes, labels, probabilities, (np.arange(images) // 2).astype(str))


def scores_of(predictions):
    """Metrics with intervals of no width around them."""
    ones = np.ones((1, len(predictions)))
    values = score(predictions, ones, 10, ())
    if "mel" in predictions.classes:
        values |= score_calls(predictions, RULE, ones)
    known = {name: float(v[0]) for name, v in values.items() if not np.isnan(v[0])}
    return {name: Estimate(value, value, value) for name, value in known.items()}
