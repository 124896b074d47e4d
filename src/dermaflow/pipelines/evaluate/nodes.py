"""Nodes of the evaluate stage."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from dermaflow.errors import ParameterError, ValidationError
from dermaflow.ml.bootstrap import percentile_intervals
from dermaflow.ml.image_store import ImageStore
from dermaflow.ml.metrics import Predictions, score
from dermaflow.ml.weights import Weights
from dermaflow.params import EvaluateParams
from dermaflow.schema import EXTERNAL, probability_columns
from dermaflow.validation.lineage import require_same_data

HELD_OUT = ("val", "test")

# Class -> the recall at which its precision is reported: how many false alarms it costs to find
# 85 % of melanomas, which matters more than where the most probable class happens to change.
RECALLS = {"mel": 0.85}

# Support is given, not estimated. The calibration error is biased upwards by resampling, so that
# its percentile interval may not even hold the value itself.
WITHOUT_INTERVAL = ("support", "ece")


def predict_held_out(
    classifier: Weights, manifest: pd.DataFrame, image_store: ImageStore, evaluate: EvaluateParams
) -> pd.DataFrame:
    """Class probabilities of the images that are not trained on, in the manifest's order.

    Raises:
        ValidationError: the manifest has no image in one of the two splits, or the classifier was
            trained on another manifest or image size.
        WeightsError: the classifier's description and tensors do not belong together.
    """
    from dermaflow.ml.classifier import load_classifier
    from dermaflow.ml.predict import predict, read_batches
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
    probabilities = predict(network, batches, runtime)
    table = held_out[["image_id", "group_id", "source", "label", "split"]].reset_index(drop=True)
    table["predicted"] = np.array(network.classes, dtype=object)[probabilities.argmax(1)]
    table[probability_columns(list(network.classes))] = probabilities
    return table


def score_predictions(
    predictions: pd.DataFrame, evaluate: EvaluateParams, classes: list[str], seed: int
) -> dict[str, float]:
    """Metrics by name: ``test/…`` with ``_low`` and ``_high`` interval bounds, and ``val/…``.

    The same as ``test/`` for each external source: ``external/<source>/…``. Undefined values are
    absent. The bounds are of a bootstrap that resamples groups.

    Raises:
        ParameterError: the predictions are of other classes than ``classes``.
    """
    from dermaflow.ml.seeding import numpy_generator

    samples = evaluate.bootstrap_samples
    parts = {"test": (predictions, "test", samples), "val": (predictions, "val", 0)}
    external = predictions[predictions["split"] == EXTERNAL]
    for source, rows in external.groupby("source"):
        parts[f"{EXTERNAL}/{source}"] = (rows, EXTERNAL, samples)
    metrics: dict[str, float] = {}
    for name, (rows, split, resamples) in parts.items():
        held_out = select_split(rows, split, classes)
        generator = numpy_generator(seed, "evaluate", "bootstrap", name)
        values = measure(held_out, evaluate, resamples, generator)
        metrics |= {f"{name}/{metric}": value for metric, value in values.items()}
    return metrics


def measure(
    held_out: Predictions, evaluate: EvaluateParams, samples: int, generator: np.random.Generator
) -> dict[str, float]:
    """Metrics of one split that are defined, with bounds from ``samples`` resamples if above 0."""
    recalls = {code: target for code, target in RECALLS.items() if code in held_out.classes}
    statistic = partial(score, held_out, bins=evaluate.calibration_bins, recalls=recalls)
    points = statistic(np.ones((1, len(held_out))))
    intervals = percentile_intervals(
        statistic, held_out.groups, samples, evaluate.confidence, generator
    )
    values = {"images": float(len(held_out)), "groups": float(len(np.unique(held_out.groups)))}
    for name, (value,) in points.items():
        if np.isnan(value):
            continue
        values[name] = float(value)
        if name in intervals and name.split("/")[-1] not in WITHOUT_INTERVAL:
            values[f"{name}_low"], values[f"{name}_high"] = intervals[name]
    return values


def draw_evaluation(
    predictions: pd.DataFrame,
    metrics: dict[str, float],
    evaluate: EvaluateParams,
    classes: list[str],
) -> dict[str, Figure]:
    """Figures of the test split, in the order a person reads them."""
    from dermaflow.reporting import curves, evaluation

    test = select_split(predictions, "test", classes)
    scores = {
        name.removeprefix("test/"): value
        for name, value in metrics.items()
        if name.startswith("test/")
    }
    return {
        "01_summary.png": evaluation.draw_summary(test, scores, evaluate.confidence),
        "02_confusion_matrix.png": evaluation.draw_confusion(test),
        "03_roc.png": curves.draw_roc(test, scores),
        "04_precision_recall.png": curves.draw_precision_recall(test, RECALLS),
        "05_reliability.png": evaluation.draw_reliability(test, scores, evaluate.calibration_bins),
    }


def select_split(predictions: pd.DataFrame, split: str, classes: list[str]) -> Predictions:
    """The images of one split. Raises ParameterError if they are of other classes."""
    present = [name for name in predictions.columns if name.startswith("p_")]
    if sorted(present) != sorted(probability_columns(classes)):
        raise ParameterError(
            f"classes: {', '.join(classes)} are not those of the predictions "
            f"({', '.join(name.removeprefix('p_') for name in present)}); "
            "run the train and evaluate stages again"
        )
    return Predictions.from_table(predictions[predictions["split"] == split], classes)
