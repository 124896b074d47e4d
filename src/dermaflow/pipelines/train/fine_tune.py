"""One training of the classifier, whatever it is for."""

from __future__ import annotations

from dermaflow.datasets.working_folder import WorkingFolder
from dermaflow.ml.checkpoints import Checkpoints
from dermaflow.ml.classifier import describe, freeze, initialise_network
from dermaflow.ml.data import BatchDataset, LabelledImages
from dermaflow.ml.fit import FitResult, fit_classifier
from dermaflow.ml.preprocess import Preprocess
from dermaflow.ml.runtime import Runtime, detect_runtime
from dermaflow.ml.trainer import Log
from dermaflow.ml.weights import Weights
from dermaflow.params import ImageParams, TrainParams


def fine_tune(
    sets: tuple[list[LabelledImages], LabelledImages],
    train: TrainParams,
    image: ImageParams,
    classes: list[str],
    seed: int,
    log: Log,
    checkpoints: WorkingFolder,
) -> tuple[Weights, FitResult]:
    """Train a new network, and go on where an interrupted training of the same stopped.

    Args:
        sets: what to train on, and what chooses the epoch.
        train: the recipe.
        image: caps of the encoded images.
        classes: codes, in the order of the outputs.
        seed: of first weights, batches and their changes.
        log: see ``fit_classifier``.
        checkpoints: where they are kept.

    Returns:
        The best epoch's weights with their description, less ``data_version``, and what came of
        all epochs.

    Raises:
        WeightsError: the backbone's first weights cannot be had.
        TrainingError: the loss is no longer finite.
    """
    parts, val = sets
    network = initialise_network(train.backbone, len(classes), seed)
    # The size of the images that are there, whatever `image` says by now.
    height, width, _ = val.store.shape
    caps = image.model_copy(update={"height": height, "width": width})
    preprocess = Preprocess(**caps.model_dump())
    runtime = detect_runtime(train.precision)
    result = fit_classifier(
        network=network,
        frozen=freeze(network, train.backbone.frozen),
        train=BatchDataset(parts),
        val=val,
        preprocess=preprocess,
        params=train,
        runtime=runtime,
        seed=seed,
        log=log,
        checkpoints=_open_checkpoints(checkpoints, runtime),
    )
    return Weights(result.tensors, describe(classes, preprocess, train.backbone.stride)), result


def _open_checkpoints(folder: WorkingFolder, runtime: Runtime) -> Checkpoints | None:
    """Those of a training with the same inputs, code and parameters, in the same precision."""
    if folder.made_from is None:
        return None
    return Checkpoints(folder.path, {**folder.made_from, "precision": runtime.name})
