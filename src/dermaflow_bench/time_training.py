"""The train stage's loop beside forward, backward and optimizer step alone."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count, islice
from statistics import median

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from dermaflow.io.progress import Progress
from dermaflow.ml.models.backbone import freeze
from dermaflow.ml.models.classifier import build_resnet50
from dermaflow.ml.processes.group import ALONE, World
from dermaflow.ml.processes.sync_norm import synchronised
from dermaflow.ml.runtime import Runtime, detect_runtime, keep_freed_memory
from dermaflow.ml.training.acceleration import accelerate
from dermaflow.ml.training.batches import BatchDataset, LabelledImages
from dermaflow.ml.training.metric_sink import MetricSink
from dermaflow.ml.training.optim import build_optimizer
from dermaflow.ml.training.trainer import Log, Trainer
from dermaflow.params.train import TrainParams
from dermaflow_bench.timing import time_pairs
from dermaflow_bench.workload import Workload

# Updates of an epoch, as of a small set.
EPOCH = 100


def measure_training(workload: Workload, sink: MetricSink) -> Iterator[str]:
    """Lines on the loop of ``Trainer``: from the store to the averaged weights, without validation.

    First weights make no difference to the time, so none are loaded.
    """
    params = workload.parameters.train
    runtime = detect_runtime(params.precision)
    steps = workload.config.train_steps
    images = steps * params.batch_size
    bare = BareTraining(workload, runtime)
    with Progress(unit="img", leave=False) as progress:
        loop = TrainingLoop(build_trainer(workload, runtime), progress, sink.log)
        found = time_pairs(
            first=lambda: bare.run(steps),
            second=lambda: loop.run(steps),
            pairs=workload.config.pairs,
            seconds=workload.config.seconds,
        )
    yield f"# train: {len(found.ratios)} pairs of {images} images, frozen {params.backbone.frozen}"
    yield from found.lines("train_ceiling_ratio")
    yield f"train_images_per_s: {images / median(found.second):.1f}"
    yield f"train_bare_images_per_s: {images / median(found.first):.1f}"
    height, width, _ = workload.store.shape
    yield f"train_batch: {params.batch_size}"
    yield f"train_pixels: {width}x{height}"
    yield f"train_precision: {runtime.name.split('/')[1]}"


class TrainingLoop:
    """The stage's loop, epoch after epoch, as it goes on from turn to turn.

    Worker processes, if there are any, read ahead while it is another's turn.
    """

    def __init__(self, trainer: Trainer, progress: Progress, log: Log) -> None:
        self._updates = (
            update for epoch in count(1) for update in trainer.run_epoch(epoch, progress, log)
        )

    def run(self, steps: int) -> None:
        """So many updates."""
        for _ in islice(self._updates, steps):
            pass


def build_trainer(workload: Workload, runtime: Runtime, world: World = ALONE) -> Trainer:
    """The stage's trainer, with epochs of ``EPOCH`` whole batches."""
    keep_freed_memory()
    # Bare updates are of whole images from the first.
    params = workload.parameters.train.model_copy(update={"resize": []})
    network, frozen = _network(workload)
    if world.size > 1:
        synchronised(network, runtime.device)
    stored = LabelledImages.from_table(
        workload.store, workload.images, workload.parameters.labels.classes
    )
    # Repeats images where there are fewer.
    again = np.resize(np.arange(len(stored)), EPOCH * params.batch_size)
    images = LabelledImages(stored.store, stored.rows[again], stored.labels[again])
    return Trainer(
        network,
        frozen,
        BatchDataset([images]),
        workload.preprocess,
        params,
        runtime,
        workload.parameters.seed,
        world,
    )


class BareTraining:
    """The same network, batch and precision, as fast as can be, on a batch in memory; no more."""

    def __init__(self, workload: Workload, runtime: Runtime) -> None:
        params: TrainParams = workload.parameters.train
        network, frozen = _network(workload)
        self.network = network.to(runtime.device).to(memory_format=torch.channels_last)
        self._optimizer = build_optimizer(self.network, params)
        self._runtime, self._smoothing = runtime, params.loss.label_smoothing
        ids = np.resize(workload.images["image_id"].to_numpy(), params.batch_size).tolist()
        pixels = torch.from_numpy(workload.store.read(ids)).to(runtime.device)
        self._inputs: Tensor = workload.preprocess.to_input(pixels)
        labels = torch.arange(params.batch_size) % len(workload.parameters.labels.classes)
        self._labels = labels.to(runtime.device)
        self.network.train()
        for module in frozen:
            module.eval()
        count, _, height, width = self._inputs.shape
        size = (count, height, width)
        self._forward = accelerate(self.network, [size], params.compile, runtime)

    def run(self, steps: int) -> None:
        """So many updates."""
        for _ in range(steps):
            with self._runtime.autocast():
                logits = self._forward(self._inputs)
            loss = functional.cross_entropy(
                logits.float(), self._labels, label_smoothing=self._smoothing
            )
            loss.backward()
            self._optimizer.step()
            self._optimizer.zero_grad()


def _network(workload: Workload) -> tuple[nn.Module, list[nn.Module]]:
    backbone = workload.parameters.train.backbone
    network = build_resnet50(len(workload.parameters.labels.classes), backbone.stride)
    return network, freeze(network, backbone.frozen, backbone.batch_norm)
