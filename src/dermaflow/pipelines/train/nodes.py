"""Nodes of the train stage."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from dermaflow.datasets.working_folder import WorkingFolder
from dermaflow.errors import ValidationError
from dermaflow.ml.image_store import ImageStore
from dermaflow.ml.weights import Weights
from dermaflow.params import BackboneParams, ImageParams, TrainParams
from dermaflow.schema import EXCLUDED
from dermaflow.tracking.sink import current_sink
from dermaflow.validation.lineage import require_same_data, version_of

if TYPE_CHECKING:
    from torchvision.models import ResNet

    from dermaflow.ml.checkpoints import Checkpoints
    from dermaflow.ml.preprocess import Preprocess
    from dermaflow.ml.runtime import Runtime

logger = logging.getLogger(__name__)

SAMPLES = 8  # images shown as the network gets them


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
    from dermaflow.ml.classifier import describe, freeze
    from dermaflow.ml.data import BatchDataset, LabelledImages
    from dermaflow.ml.fit import fit_classifier
    from dermaflow.ml.runtime import detect_runtime

    check_splits(manifest, synthetic_manifest)
    of_split = dict(list(manifest.groupby("split")))
    real = LabelledImages.from_table(image_store, of_split["train"], classes)
    synthetic = LabelledImages.from_table(synthetic_store, synthetic_manifest, classes)
    network = initialise_network(train.backbone, len(classes), seed)
    preprocess = build_preprocess(image_store, image, train)
    runtime = detect_runtime(train.precision)
    logger.info(
        "Training on %s: %d real, %d synthetic images", runtime.name, len(real), len(synthetic)
    )
    result = fit_classifier(
        network=network,
        frozen=freeze(network, train.backbone.frozen, train.backbone.batch_norm),
        train=BatchDataset([real, synthetic]),
        val=LabelledImages.from_table(image_store, of_split["val"], classes),
        preprocess=preprocess,
        params=train,
        runtime=runtime,
        seed=seed,
        log=current_sink().log,
        checkpoints=_open_checkpoints(checkpoints, runtime),
    )
    config = describe(classes, preprocess, train.backbone.stride)
    config["data_version"] = version_of(manifest)
    history = {
        "best_epoch": result.best_epoch,
        "real_images": len(real),
        "synthetic_images": len(synthetic),
        "epochs": result.history,
    }
    return Weights(result.tensors, config), history


def _open_checkpoints(folder: WorkingFolder, runtime: Runtime) -> Checkpoints | None:
    """Those of a training with the same inputs, code and parameters, in the same precision."""
    from dermaflow.ml.checkpoints import Checkpoints

    if folder.made_from is None:
        return None
    return Checkpoints(folder.path, {**folder.made_from, "precision": runtime.name})


def draw_training(
    training_history: dict[str, Any],
    manifest: pd.DataFrame,
    image_store: ImageStore,
    train: TrainParams,
    image: ImageParams,
    classes: list[str],
    seed: int,
) -> dict[str, Figure]:
    """Curves of loss and balanced accuracy, and what the network was trained on.

    Where effects or a policy are on, each of their operations alone as well.
    """
    from dermaflow.ml.recipe_samples import sample_feeding, sample_operations
    from dermaflow.reporting.batches import draw_batches, draw_operations
    from dermaflow.reporting.training import draw_history

    shown = choose_samples(manifest, classes)
    pixels = image_store.read(shown["image_id"].tolist())
    labels = shown["label"].map(classes.index).to_numpy(np.int64)
    preprocess = build_preprocess(image_store, image, train)
    batches = sample_feeding(pixels, labels, len(classes), preprocess, train, seed)
    figures = {
        "01_history.png": draw_history(training_history),
        "02_batches.png": draw_batches(pixels, labels, batches, classes),
    }
    changed = sample_operations(pixels, train.augmentation, seed)
    if changed:
        figures["03_operations.png"] = draw_operations(pixels, changed)
    return figures


def choose_samples(manifest: pd.DataFrame, classes: list[str]) -> pd.DataFrame:
    """Training images to show, a lesion each: one of each class, then another, up to SAMPLES."""
    train = manifest[manifest["split"] == "train"].drop_duplicates("group_id")
    turn = train.groupby("label").cumcount()
    place = train["label"].map(classes.index)
    return train.assign(turn=turn, place=place).sort_values(["turn", "place"]).head(SAMPLES)


def build_preprocess(image_store: ImageStore, image: ImageParams, train: TrainParams) -> Preprocess:
    """Of the size of the images that are there, whatever ``image`` says by now."""
    from dermaflow.ml.preprocess import Preprocess

    height, width, _ = image_store.shape
    caps = image.model_copy(update={"height": height, "width": width})
    return Preprocess(**caps.model_dump(), colour_constancy=train.colour_constancy)


def check_splits(manifest: pd.DataFrame, synthetic_manifest: pd.DataFrame) -> None:
    """Raise ValidationError where training images could be held-out ones, or the reverse."""
    used = manifest[manifest["split"] != EXCLUDED]
    crossing = used.groupby("group_id")["split"].nunique().gt(1)
    if crossing.any():
        raise ValidationError(
            f"manifest: {crossing.sum()} groups are in more than one split, "
            f"{crossing.idxmax()!r} for one; run the validate stage again"
        )
    if not synthetic_manifest["split"].eq("train").all():
        raise ValidationError("synthetic_manifest: an image is outside the training split")
    for made_from in synthetic_manifest["data_version"].unique():
        require_same_data(made_from, manifest, "synthetic_manifest", "augment")
    shared = set(manifest["image_id"]) & set(synthetic_manifest["image_id"])
    if shared:
        raise ValidationError(f"synthetic_manifest: {min(shared)!r} is the id of a real image")


def initialise_network(backbone: BackboneParams, classes: int, seed: int) -> ResNet:
    """ResNet-50 with the configured first weights; parts they do not cover start at random."""
    import torch

    from dermaflow.ml.classifier import build_resnet50, load_torchvision_weights, load_weights_file
    from dermaflow.ml.seeding import derive_seed

    with torch.random.fork_rng():
        torch.manual_seed(derive_seed(seed, "train", "initialisation"))
        network = build_resnet50(classes, backbone.stride)
    if backbone.weights == "torchvision":
        untouched = load_torchvision_weights(network, backbone.name)
    elif backbone.weights == "file" and backbone.path:
        untouched = load_weights_file(network, backbone.path)
    else:
        return network
    logger.info("Backbone weights loaded; starting at random: %s", ", ".join(untouched))
    return network
