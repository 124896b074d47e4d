"""One training of the classifier, whatever it is for."""

from __future__ import annotations

import logging

from dermaflow.ml.models.classifier import describe
from dermaflow.ml.models.weights import Weights
from dermaflow.ml.runtime import detect_runtime
from dermaflow.ml.training.batches import LabelledImages
from dermaflow.ml.training.fit import FitResult
from dermaflow.ml.training.preprocessing import build_preprocess
from dermaflow.ml.training.trainer import Log
from dermaflow.ml.training.training_job import ImageList, TrainingJob
from dermaflow.ml.training.working_folder import WorkingFolder
from dermaflow.params.image import ImageParams
from dermaflow.params.train import TrainParams

logger = logging.getLogger(__name__)


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
        TrainingError: the loss is no longer finite, or processes failed too often.
    """
    parts, val = sets
    preprocess = build_preprocess(val.store, image, train)
    runtime = detect_runtime(train.precision)
    logger.info("Training on %s in %d process(es)", runtime.name, train.processes)
    decides = checkpoints.decisive({"train": train.WITHOUT_EFFECT})
    result = TrainingJob(
        classes=len(classes),
        train=[ImageList.of(images) for images in parts],
        val=ImageList.of(val),
        preprocess=preprocess.to_dict(),
        params=train,
        seed=seed,
        checkpoints=str(checkpoints.path.absolute()),
        made_from={**decides, "precision": runtime.name},
    ).run(log)
    return Weights(result.tensors, describe(classes, preprocess, train.backbone.stride)), result
