"""Nodes of the train stage."""

from __future__ import annotations

import logging
from typing import Any

import pandas as pd

from dermaflow.data.images.image_store import ImageStore
from dermaflow.data.version import require_groups_on_one_side, require_same_data, version_of
from dermaflow.errors import ValidationError
from dermaflow.ml.models.weights import Weights
from dermaflow.ml.training.working_folder import WorkingFolder
from dermaflow.params.image import ImageParams
from dermaflow.params.train import TrainParams
from dermaflow.tracking.mlflow_sink import current_sink

logger = logging.getLogger(__name__)


def train_classifier(
    manifest: pd.DataFrame,
    image_store: ImageStore,
    synthetic_manifest: pd.DataFrame,
    synthetic_store: ImageStore,
    train: TrainParams,
    image: ImageParams,
    classes: list[str],
    seed: int,
    checkpoints: WorkingFolder,
) -> tuple[Weights, dict[str, Any]]:
    """Fine-tune ResNet-50 on the training split; validation chooses the epoch.

    Goes on where an interrupted run of the same stopped.

    Returns:
        The best epoch's weights with their description, and the history of all epochs.

    Raises:
        ValidationError: a group crosses splits, or a synthetic image is not in the training split
            or was made from another manifest.
        WeightsError: the backbone's first weights cannot be had.
    """
    from dermaflow.ml.training.batches import LabelledImages
    from dermaflow.ml.training.fine_tune import fine_tune

    check_splits(manifest, synthetic_manifest)
    of_split = dict(list(manifest.groupby("split")))
    real = LabelledImages.from_table(image_store, of_split["train"], classes)
    synthetic = LabelledImages.from_table(synthetic_store, synthetic_manifest, classes)
    val = LabelledImages.from_table(image_store, of_split["val"], classes)
    logger.info("Training on %d real, %d synthetic images", len(real), len(synthetic))
    sets = [real, synthetic], val
    log = current_sink().log
    weights, result = fine_tune(sets, train, image, classes, seed, log, checkpoints)
    weights.config["data_version"] = version_of(manifest)
    history = {
        "best_epoch": result.best_epoch,
        "real_images": len(real),
        "synthetic_images": len(synthetic),
        "epochs": result.history,
    }
    return weights, history


def check_splits(manifest: pd.DataFrame, synthetic_manifest: pd.DataFrame) -> None:
    """Raise ValidationError where training images could be held-out ones, or the reverse."""
    require_groups_on_one_side(manifest)
    if not synthetic_manifest["split"].eq("train").all():
        raise ValidationError("synthetic_manifest: an image is outside the training split")
    for made_from in synthetic_manifest["data_version"].unique():
        require_same_data(made_from, manifest, "synthetic_manifest", "augment")
    shared = set(manifest["image_id"]) & set(synthetic_manifest["image_id"])
    if shared:
        raise ValidationError(f"synthetic_manifest: {min(shared)!r} is the id of a real image")
