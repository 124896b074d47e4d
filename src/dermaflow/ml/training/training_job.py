"""A training as a file, and the processes that do it.

One process does it in the caller's own; several are started, watched and restarted by torch's
elastic launcher. On machines that share a file system, the same file is what torchrun needs::

    torchrun --nnodes 2 --nproc-per-node 4 --rdzv-backend c10d --rdzv-endpoint HOST:29400
        -m dermaflow.ml.training.training_job data/unfinished/training/job.json
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from dermaflow.data.images.image_store import ImageStore
from dermaflow.data.images.preprocess import Preprocess
from dermaflow.errors import StorageError
from dermaflow.io.atomic_files import replacing_file
from dermaflow.ml.models.backbone import freeze, initialise_network
from dermaflow.ml.processes.group import World
from dermaflow.ml.processes.launch import joined, run_together
from dermaflow.ml.processes.sync_norm import synchronised
from dermaflow.ml.runtime import detect_runtime, keep_freed_memory
from dermaflow.ml.training.batches import BatchDataset, LabelledImages
from dermaflow.ml.training.checkpoints import Checkpoints
from dermaflow.ml.training.fit import FitResult, finished_result, fit_classifier
from dermaflow.ml.training.trainer import Log
from dermaflow.params.base import Params
from dermaflow.params.train import TrainParams

JOB_FILE = "job.json"

logger = logging.getLogger(__name__)


class ImageList(Params):
    """Images of one store, and their classes."""

    store: str
    rows: list[int]
    labels: list[int]

    @classmethod
    def of(cls, images: LabelledImages) -> ImageList:
        """The list of some images."""
        store = str(images.store.folder.absolute())
        return cls(store=store, rows=images.rows.tolist(), labels=images.labels.tolist())

    def open(self) -> LabelledImages:
        """The images of the list."""
        rows, labels = (np.array(values, np.int64) for values in (self.rows, self.labels))
        return LabelledImages(ImageStore(self.store), rows, labels)


class TrainingJob(Params):
    """All that a process needs to know to take part in a training.

    Attributes:
        classes: their number.
        train: real and synthetic images.
        val: real images.
        preprocess: as ``Preprocess.to_dict`` gives it.
        checkpoints: their folder.
        made_from: see ``Checkpoints``.
    """

    classes: int
    train: list[ImageList]
    val: ImageList
    preprocess: dict[str, Any]
    params: TrainParams
    seed: int
    checkpoints: str
    made_from: dict[str, Any]

    def run(self, log: Log) -> FitResult:
        """Train, in as many processes as the parameters say; see ``fit_classifier``.

        Raises:
            TrainingError: the loss is no longer finite, or processes failed too often.
            StorageError: of several processes, the first could not write the last checkpoint.
        """
        if self.params.processes == 1:
            return self.take_part(log)
        path = Path(self.checkpoints) / JOB_FILE
        with replacing_file(path) as partial:
            partial.write_text(self.model_dump_json(), encoding="utf-8")
        run_together(
            take_part, (str(path), log), self.params.processes, self.params.timeout_seconds
        )
        result = finished_result(self.open_checkpoints(), self.params)
        if result is None:
            raise StorageError(
                f"the weights were not written to {self.checkpoints}: free some space, then run "
                "the same again"
            )
        return result

    def take_part(self, log: Log) -> FitResult:
        """Train as the only process, or as the one that it is among others."""
        keep_freed_memory()
        runtime = detect_runtime(self.params.precision)
        backbone = self.params.backbone
        network = initialise_network(backbone, self.classes, self.seed)
        world = World.joined()
        if world.size > 1:
            synchronised(network, runtime.device)
        return fit_classifier(
            network=network,
            frozen=freeze(network, backbone.frozen, backbone.batch_norm),
            train=BatchDataset([images.open() for images in self.train]),
            val=self.val.open(),
            preprocess=Preprocess.from_dict(self.preprocess),
            params=self.params,
            runtime=runtime,
            seed=self.seed,
            log=log if world.first else _ignore,
            checkpoints=self.open_checkpoints(),
            world=world,
        )

    def open_checkpoints(self) -> Checkpoints:
        """Where the training is kept."""
        return Checkpoints(self.checkpoints, self.made_from)


def take_part(path: str, log: Log) -> None:
    """Do the training of a file, with the other processes of the group."""
    TrainingJob.model_validate_json(Path(path).read_text(encoding="utf-8")).take_part(log)


def _ignore(metrics: Mapping[str, float], step: int) -> None:
    """Keep nothing: the first process tells what there is to tell."""


def main() -> None:
    """Take part in the training of the file that is the argument, as torchrun starts it."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)-7s %(message)s")
    job = TrainingJob.model_validate_json(Path(sys.argv[1]).read_text(encoding="utf-8"))
    with joined(job.params.timeout_seconds):
        job.take_part(_ignore)


if __name__ == "__main__":
    main()
