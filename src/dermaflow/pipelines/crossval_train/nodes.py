"""Nodes of the stage that trains the folds of a cross-validation."""

from __future__ import annotations

import logging
from typing import Any

import pandas as pd

from dermaflow.data.images.image_store import ImageStore
from dermaflow.data.version import version_of
from dermaflow.errors import ParameterError
from dermaflow.experiments.crossval.collect_folds import collect_folds, decisive
from dermaflow.experiments.crossval.folds import make_folds, require_folds, tags_of
from dermaflow.ml.training.working_folder import WorkingFolder
from dermaflow.params.augment import AugmentParams
from dermaflow.params.crossval import CrossvalParams
from dermaflow.params.duplicates import DuplicateParams
from dermaflow.params.image import ImageParams
from dermaflow.params.train import TrainParams
from dermaflow.tracking.mlflow_sink import current_sink

logger = logging.getLogger(__name__)


def train_folds(
    manifest: pd.DataFrame,
    image_store: ImageStore,
    picture_features: ImageStore,
    crossval: CrossvalParams,
    augment: AugmentParams,
    duplicates: DuplicateParams,
    train: TrainParams,
    image: ImageParams,
    classes: list[str],
    seed: int,
    checkpoints: WorkingFolder,
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Train a network a fold, and look at the images that it held out.

    The augment stage's generators saw the training split, which each fold tests on in part: with
    ``crossval.synthetic`` a fold fits its own. What an interrupted run of the same has finished,
    folds and generators, is not done again, and a training goes on from its checkpoint.

    Returns:
        Rows of each fold's held-out images: fold, image_id, group_id, source, label, split (``val``
        or ``test``) and ``logit_<class>`` (float32, mean of the views); and for JSON how the folds
        were made, and of each its images, real and synthetic, history and digest of weights.

    Raises:
        ParameterError: synthetic images are asked for, and none are made; or a fold is asked for
            that there is not.
        ValidationError: a group is on two sides of a fold, or a fold has too few images; or what
            was collected is of something else.
        WeightsError: the backbone's first weights cannot be had.
    """
    from dermaflow.experiments.crossval.fold_synthesis import FoldSynthesis
    from dermaflow.experiments.crossval.fold_trainer import FoldTrainer
    from dermaflow.ml.runtime import detect_runtime

    if crossval.synthetic and augment.strategy == "none":
        raise ParameterError(
            "crossval.synthetic: augment.strategy is 'none', which makes no images"
        )
    folds = make_folds(manifest, crossval.protocol, crossval.val, seed)
    require_folds(crossval.folds, len(folds))
    made_from = decisive(checkpoints, crossval, detect_runtime(train.precision).name)
    results = collect_folds(crossval.collect, made_from)
    chosen = set(crossval.folds or [fold.number for fold in folds])
    current_sink().tag(tags_of(crossval.protocol, crossval.synthetic))
    folder = WorkingFolder(checkpoints.path, made_from)
    synthesis = None
    if crossval.synthetic:
        synthesis = FoldSynthesis(image_store, picture_features, augment, duplicates, classes)
    trainer = FoldTrainer(image_store, crossval, synthesis, train, image, classes, seed, folder)
    for fold in folds:
        if fold.number in results:
            logger.info("Fold %d of %d: collected", fold.number, len(folds))
        elif fold.number in chosen:
            logger.info("Fold %d of %d: %s", fold.number, len(folds), fold)
            results[fold.number] = trainer.result(fold)
    missing = [fold.number for fold in folds if fold.number not in results]
    if missing:
        logger.info("Folds %s are left to other runs", missing)
    ordered = [results[number] for number in sorted(results)]
    return pd.concat([table for table, _ in ordered], ignore_index=True), {
        "protocol": crossval.protocol,
        "synthetic": crossval.synthetic,
        "data_version": version_of(manifest),
        "folds_in_all": len(folds),
        "views": crossval.views,
        "train": train.model_dump(mode="json"),
        "made_from": made_from,
        "folds": [facts for _, facts in ordered],
    }
