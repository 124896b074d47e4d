"""One fold: trained, or found where an interrupted run left it."""

from __future__ import annotations

import logging
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from dermaflow.data.images.image_store import ImageStore
from dermaflow.data.images.read_batches import read_batches
from dermaflow.experiments.crossval.collect_folds import FoldResult
from dermaflow.experiments.crossval.fold_synthesis import FoldSynthesis, Synthetic
from dermaflow.experiments.crossval.folds import Fold, fold_name, tags_of
from dermaflow.io.seeding import derive_seed
from dermaflow.ml.models.classifier import load_classifier
from dermaflow.ml.models.predict import predict
from dermaflow.ml.models.weights import Weights, weights_digest
from dermaflow.ml.runtime import detect_runtime
from dermaflow.ml.training.batches import LabelledImages
from dermaflow.ml.training.checkpoints import Checkpoint, Checkpoints
from dermaflow.ml.training.fine_tune import fine_tune
from dermaflow.ml.training.fit import FitResult
from dermaflow.ml.training.trainer import Log
from dermaflow.ml.training.working_folder import WorkingFolder
from dermaflow.params.crossval import CrossvalParams
from dermaflow.params.image import ImageParams
from dermaflow.params.train import TrainParams
from dermaflow.schema import logit_columns
from dermaflow.tracking.mlflow_sink import current_sink

logger = logging.getLogger(__name__)

# What is left of a fold until it is done.
_SYNTHESIS, _TRAINING = "synthesis", "training"

_KEPT = ["image_id", "group_id", "source", "label"]


@dataclass(frozen=True)
class FoldTrainer:
    """What all folds share.

    Attributes:
        store: of the images.
        crossval: the protocol.
        synthesis: of a fold's synthetic images; None for real ones alone.
        train: the recipe.
        image: caps of the encoded images.
        classes: codes, in the order of the outputs.
        seed: of the run.
        folder: where finished folds are kept, and what the one in training needs to go on.
    """

    store: ImageStore
    crossval: CrossvalParams
    synthesis: FoldSynthesis | None
    train: TrainParams
    image: ImageParams
    classes: list[str]
    seed: int
    folder: WorkingFolder

    def result(self, fold: Fold) -> FoldResult:
        """Train a fold, unless it is done."""
        kept = self._kept(fold)
        found = kept.latest()
        if found:
            logger.info("Fold %d is done already", fold.number)
        else:
            found = self._train(fold, kept)
        return self._tabulate(fold, found.tensors["logits"].numpy()), found.facts

    def _train(self, fold: Fold, kept: Checkpoints) -> Checkpoint:
        """In a nested MLflow run, in which its curves are live."""
        seed = derive_seed(self.seed, "crossval", str(fold.number))
        sizes = {side: len(rows) for side, rows in fold.parts.items()}
        facts: dict[str, Any] = {"fold": fold.number, "seed": seed, "images": sizes}
        protocol = self.crossval.protocol
        with current_sink().part(
            fold_name(fold.number, protocol),
            facts | {"train": self.train.model_dump(mode="json")},
            tags_of(protocol, self.crossval.synthetic),
        ) as sink:
            synthetic = self._synthesise(fold, seed, sink.log)
            weights, fitted = self._fit(fold, synthetic, seed, sink.log)
            facts |= (synthetic.facts if synthetic else {}) | {
                "leaking": fold.leaking,
                "classifier": weights_digest(weights),
                "best_epoch": fitted.best_epoch,
                "epochs": fitted.history,
            }
            logits = torch.from_numpy(self._predict(fold, weights))
            done = Checkpoint(len(fitted.history), {"logits": logits}, facts)
            if kept.save(done):
                for name in (_SYNTHESIS, _TRAINING):
                    shutil.rmtree(self._place(fold) / name, ignore_errors=True)
        return done

    def _synthesise(self, fold: Fold, seed: int, log: Log) -> Synthetic | None:
        """The fold's synthetic images; None where there shall be none."""
        if self.synthesis is None:
            return None
        working = WorkingFolder(self._place(fold) / _SYNTHESIS, self._decides(fold))
        return self.synthesis.draw(fold, seed, working, log)

    def _fit(
        self, fold: Fold, synthetic: Synthetic | None, seed: int, log: Log
    ) -> tuple[Weights, FitResult]:
        """Train on the fold's images and the synthetic ones.

        A checkpoint is of these very synthetic images: a GPU would not draw the same again.
        """
        train, val = (
            LabelledImages.from_table(self.store, fold.parts[side], self.classes)
            for side in ("train", "val")
        )
        parts, decides = [train], self._decides(fold)
        if synthetic:
            parts.append(synthetic.images)
            decides["synthetic images"] = synthetic.digest
        logger.info(
            "Training on %d real, %d synthetic images",
            len(train),
            sum(len(part) for part in parts[1:]),
        )
        checkpoints = WorkingFolder(self._place(fold) / _TRAINING, decides)
        return fine_tune((parts, val), self.train, self.image, self.classes, seed, log, checkpoints)

    def _predict(self, fold: Fold, weights: Weights) -> NDArray[np.float32]:
        """Logits of the images that were not trained on, in their order."""
        runtime = detect_runtime()
        network = load_classifier(weights, runtime.device)
        names = fold.held_out["image_id"].tolist()
        batches = read_batches(self.store, names, self.train.batch_size, f"predict {fold.number}")
        return predict(network, batches, runtime, self.crossval.views)

    def _tabulate(self, fold: Fold, logits: NDArray[np.float32]) -> pd.DataFrame:
        rows = fold.held_out
        table = rows[_KEPT].assign(split=rows["side"]).reset_index(drop=True)
        table.insert(0, "fold", fold.number)
        table[logit_columns(self.classes)] = logits
        return table

    def _kept(self, fold: Fold) -> Checkpoints:
        """Where the fold is kept once it is done."""
        return kept_fold(self.folder, fold.number)

    def _place(self, fold: Fold) -> Path:
        return fold_folder(self.folder, fold.number)

    def _decides(self, fold: Fold) -> dict[str, Any]:
        return _decides(self.folder, fold.number)


def kept_fold(folder: WorkingFolder, number: int) -> Checkpoints:
    """Where a fold is kept once it is done: one checkpoint, of its logits.

    Args:
        folder: of all folds, made from what ``decisive`` gives.
        number: of the fold.
    """
    return Checkpoints(fold_folder(folder, number) / "done", _decides(folder, number))


def fold_folder(folder: WorkingFolder, number: int) -> Path:
    """All that is kept of a fold, finished or not; see ``kept_fold``."""
    return folder.path / f"fold_{number}"


def _decides(folder: WorkingFolder, number: int) -> dict[str, Any]:
    return {**folder.made_from, "fold": number}
