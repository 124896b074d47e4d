"""Nodes of the evaluate stage."""

from __future__ import annotations

import logging
from typing import Any

import pandas as pd

from dermaflow.data.images.image_store import ImageStore
from dermaflow.data.images.read_batches import read_batches
from dermaflow.data.version import require_same_data
from dermaflow.errors import ValidationError
from dermaflow.ml.evaluation.choose_rule import choose_rule
from dermaflow.ml.evaluation.coverage_band import SetAnswers
from dermaflow.ml.evaluation.decision_rule import DecisionRule, answer
from dermaflow.ml.evaluation.estimate import Estimate, JsonParts, parts_to_json, untested_classes
from dermaflow.ml.evaluation.measure import measure, measure_uncalibrated
from dermaflow.ml.evaluation.predictions import read_rows, reported_parts
from dermaflow.ml.evaluation.set_coverage import score_sets
from dermaflow.ml.models.weights import Weights, weights_digest
from dermaflow.params.evaluate import EvaluateParams
from dermaflow.schema import EXTERNAL, logit_columns

logger = logging.getLogger(__name__)

HELD_OUT = ("val", "test")


def predict_held_out(
    classifier: Weights, manifest: pd.DataFrame, image_store: ImageStore, evaluate: EvaluateParams
) -> pd.DataFrame:
    """Logits of the images that are not trained on, in the manifest's order.

    Returns:
        image_id, group_id, source, label, split and ``logit_<class>`` (float32), mean of the views.

    Raises:
        ValidationError: the manifest has no image in one of the two splits, or the classifier was
            trained on another manifest or image size.
        WeightsError: the classifier's description and tensors do not belong together.
    """
    from dermaflow.ml.models.classifier import load_classifier
    from dermaflow.ml.models.predict import predict
    from dermaflow.ml.runtime import detect_runtime

    require_same_data(classifier.config.get("data_version"), manifest, "classifier", "train")
    for split in HELD_OUT:
        if not manifest["split"].eq(split).any():
            raise ValidationError(
                f"manifest: no image is in the split {split!r}; raise validate.split.{split}"
            )
    runtime = detect_runtime()
    network = load_classifier(classifier, runtime.device)
    trained = (network.preprocess.height, network.preprocess.width)
    if trained != image_store.shape[:2]:
        raise ValidationError(
            f"classifier was trained on images of {trained} pixels, but image_store holds "
            f"{image_store.shape[:2]}; run the train stage again"
        )
    held_out = manifest[manifest["split"].isin((*HELD_OUT, EXTERNAL))]
    batches = read_batches(
        image_store, held_out["image_id"].tolist(), evaluate.batch_size, "Predict"
    )
    table = held_out[["image_id", "group_id", "source", "label", "split"]].reset_index(drop=True)
    table[logit_columns(list(network.classes))] = predict(network, batches, runtime, evaluate.views)
    return table


def choose_decision_rule(
    logits: pd.DataFrame, classifier: Weights, evaluate: EvaluateParams
) -> dict[str, Any]:
    """Calibration, weights, thresholds and sets that validation asks for; no other row is read.

    Returns:
        For JSON: what ``DecisionRule.from_dict`` reads, and for people what each threshold reaches
        on the validation images and why an operating point is left out.
    """
    origin = {
        "classifier": weights_digest(classifier),
        "data_version": classifier.config["data_version"],
    }
    val = logits[logits["split"] == "val"]
    return origin | choose_rule(val, classifier.config["classes"], evaluate, evaluate.views)


def apply_decision_rule(
    logits: pd.DataFrame, decision_rule: dict[str, Any], classes: list[str]
) -> pd.DataFrame:
    """What is said of each held-out image, in the order of ``logits``; see ``answer``.

    Raises:
        ParameterError: the logits are of other classes than ``classes``.
    """
    return answer(logits, DecisionRule.from_dict(decision_rule), classes)


def score_predictions(
    predictions: pd.DataFrame,
    logits: pd.DataFrame,
    decision_rule: dict[str, Any],
    evaluate: EvaluateParams,
    classes: list[str],
    seed: int,
) -> JsonParts:
    """Metrics by part: ``test``, ``val`` and ``external/<source>`` for each external source.

    A metric has a value, the groups behind it and, except in ``val``, the ends of an interval of a
    bootstrap that resamples groups. Undefined metrics are absent. All are of calibrated
    probabilities but those that end in ``_uncalibrated``. Of sets, see ``score_sets``, none is of
    ``val``, which chose their thresholds.

    Returns:
        For JSON, see ``parts_to_json``; what is counted, such as ``images``, is a bare number.

    Raises:
        ParameterError: the predictions are of other classes than ``classes``.
    """
    from dermaflow.io.seeding import numpy_generator

    rule, plain = DecisionRule.from_dict(decision_rule), answer(logits, DecisionRule(), classes)
    tested = reported_parts(predictions)
    parts = {"test": tested["test"], "val": (predictions["split"] == "val").to_numpy(), **tested}
    metrics: dict[str, dict[str, Estimate]] = {}
    for name, rows in parts.items():
        resamples = evaluate.bootstrap_samples if name in tested else 0
        held_out = read_rows(predictions[rows], classes)
        generator = numpy_generator(seed, "evaluate", "bootstrap", name)
        scores = measure(held_out, rule, evaluate, resamples, generator)
        metrics[name] = scores | measure_uncalibrated(read_rows(plain[rows], classes), evaluate)
        if rule.sets and name in tested:
            of_part = SetAnswers(predictions[rows], rule.sets)
            metrics[name] |= score_sets([of_part], classes, evaluate.confidence)
        if untested := untested_classes(scores):
            text = "%s has no image of %s: its means are over the other classes"
            logger.warning(text, name, ", ".join(untested))
    return parts_to_json(metrics)
