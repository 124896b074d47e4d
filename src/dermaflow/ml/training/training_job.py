"""A training as a file, and the processes that do it.

One process does it in the caller's own; several are started and watched by torch's elastic
launcher, on this node and on others that share its file system (``join_trainings``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from dermaflow.data.images.image_store import ImageStore
from dermaflow.data.images.preprocess import Preprocess
from dermaflow.errors import StorageError, TrainingError
from dermaflow.io.atomic_files import replacing_file
from dermaflow.ml.models.backbone import freeze, initialise_network
from dermaflow.ml.processes.group import World
from dermaflow.ml.processes.launch import ProcessesError, Share, run_together
from dermaflow.ml.processes.node_store import NodeLeader
from dermaflow.ml.processes.nodes import Nodes
from dermaflow.ml.processes.sync_norm import synchronised
from dermaflow.ml.runtime import detect_runtime, keep_freed_memory
from dermaflow.ml.training.batches import BatchDataset, LabelledImages
from dermaflow.ml.training.checkpoints import Checkpoints
from dermaflow.ml.training.fit import FitResult, finished_result, fit_classifier
from dermaflow.ml.training.trainer import Log
from dermaflow.params.base import Params
from dermaflow.params.train import TrainParams

JOB_FILE = "job.json"


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
            ParameterError: nodes cannot share the processes.
        """
        nodes = Nodes.from_environment()
        processes = nodes.share(self.params.processes)
        if self.params.processes == 1:
            return self.take_part(log)
        path = Path(self.checkpoints) / JOB_FILE
        with replacing_file(path) as partial:
            partial.write_text(self.model_dump_json(), encoding="utf-8")
        if nodes.count == 1:
            arguments = (str(path), log)
            run_together(take_part, arguments, processes, self.params.timeout_seconds)
        else:
            _lead(self, path, nodes, log)
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
            log=log if world.first else ignore,
            checkpoints=self.open_checkpoints(),
            world=world,
        )

    def open_checkpoints(self) -> Checkpoints:
        """Where the training is kept."""
        return Checkpoints(self.checkpoints, self.made_from)


def take_part(path: str, log: Log) -> None:
    """Do the training of a file, with the other processes of the group."""
    read_job(Path(path)).take_part(log)


def read_job(path: Path) -> TrainingJob:
    """Read the file of a job."""
    return TrainingJob.model_validate_json(path.read_text(encoding="utf-8"))


def digest_of(path: Path) -> str:
    """By which a node knows the file of a job from an older one, which its disk may still show."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def group_of(number: int) -> str:
    """Name of the group whose processes do the training of a message."""
    return f"training/{number}"


def ignore(metrics: Mapping[str, float], step: int) -> None:
    """Keep nothing: the first process tells what there is to tell."""


def _lead(job: TrainingJob, path: Path, nodes: Nodes, log: Log) -> None:
    """Train as node 0, with the others."""
    timeout = job.params.timeout_seconds
    leader = NodeLeader(nodes)
    leader.wait_for_others(timeout)
    number = leader.tell({"job": str(path), "sha256": digest_of(path)})
    share = Share(nodes, group_of(number))
    processes = nodes.share(job.params.processes)
    try:
        run_together(take_part, (str(path), log), processes, timeout, share)
    except ProcessesError as error:
        raise TrainingError(
            f"{leader.why(number, error.last_words)}; the same command on all nodes goes on from "
            "the last checkpoint"
        ) from error
