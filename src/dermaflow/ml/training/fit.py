"""Fine-tuning of the classifier."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.metrics import balanced_accuracy_score
from torch import Tensor, nn
from torch.nn import functional

from dermaflow.data.images.preprocess import Preprocess
from dermaflow.io.progress import Progress
from dermaflow.ml.processes.group import ALONE, World
from dermaflow.ml.processes.interrupts import EndRequest, interrupts_held_back
from dermaflow.ml.runtime import Runtime
from dermaflow.ml.training.batches import BatchDataset, LabelledImages
from dermaflow.ml.training.checkpoints import Checkpoint, Checkpoints, below
from dermaflow.ml.training.trainer import Log, Trainer
from dermaflow.params.train import TrainParams

logger = logging.getLogger(__name__)


@dataclass
class FitResult:
    """Outcome of a training, or of what was done of it.

    Attributes:
        tensors: state dict of the epoch with the best validation balanced accuracy, on the CPU.
        history: one record an epoch.
        best_epoch: counted from 1; 0 before the first is over.
    """

    tensors: dict[str, Tensor] = field(default_factory=dict)
    history: list[dict[str, float]] = field(default_factory=list)
    best_epoch: int = 0

    def add(self, record: dict[str, float], weights: dict[str, Tensor]) -> None:
        """Take in an epoch; ``weights`` are kept if none was better."""
        best = self.history[self.best_epoch - 1] if self.best_epoch else None
        self.history.append(record)
        if best is None or record["val_balanced_accuracy"] > best["val_balanced_accuracy"]:
            self.tensors, self.best_epoch = weights, len(self.history)

    def is_over(self, params: TrainParams) -> bool:
        """Whether all epochs are done, or too many in a row were no better than the best."""
        done = len(self.history)
        return done >= params.epochs or done - self.best_epoch >= params.patience


def fit_classifier(
    network: nn.Module,
    frozen: list[nn.Module],
    train: BatchDataset,
    val: LabelledImages,
    preprocess: Preprocess,
    params: TrainParams,
    runtime: Runtime,
    seed: int,
    log: Log,
    checkpoints: Checkpoints | None = None,
    world: World = ALONE,
) -> FitResult:
    """Train ``network`` and keep the best epoch's averaged weights.

    Goes on from the last checkpoint, if there is one, to the very weights of a training that
    nothing stopped. On SIGTERM and Ctrl-C it finishes the update, saves, and only then lets the
    signal have its way.

    Args:
        network: maps float (N, 3, H, W) to logits; trained in place.
        frozen: parts of it whose batch norm keeps its statistics.
        train: real and synthetic training images.
        val: real images; they choose the epoch and nothing else.
        preprocess: shared with evaluation and serving.
        log: called during training, so that curves are live.
        checkpoints: where to keep them; None keeps none.
        world: processes that train together, each with its share of every batch.

    Raises:
        TrainingError: the loss is no longer finite.
    """
    trainer = Trainer(network, frozen, train, preprocess, params, runtime, seed, world)
    course = _Course(trainer, checkpoints, params.checkpoint_seconds, world)
    course.resume()
    images = params.batch_size * trainer.steps_per_epoch
    with (
        interrupts_held_back() as end,
        Progress(
            total=params.epochs * images,
            initial=trainer.steps * params.batch_size,
            disable=not world.first,
        ) as progress,
    ):

        def pause() -> None:
            course.pause(end)

        result = course.result
        while not result.is_over(params):
            epoch = len(result.history) + 1
            for _ in trainer.run_epoch(epoch, progress, log):
                pause()
            record = {"epoch": float(epoch), "train_loss": trainer.epoch_loss()}
            averaged = trainer.ema.module
            record |= _validate(averaged, val, preprocess, params.batch_size, runtime, world, pause)
            # Not `val/…`: those are the evaluate stage's figures of the weights that were kept.
            log({f"train/{k}": v for k, v in record.items() if k.startswith("val_")}, trainer.steps)
            result.add(record, trainer.ema.copy_weights())
            pause()
        course.save()  # a process killed before the weights are in their place trains no more
    return result


def finished_result(checkpoints: Checkpoints, params: TrainParams) -> FitResult | None:
    """What a training that is over has left in its last checkpoint; None if there is no such."""
    found = checkpoints.latest()
    result = _result_of(found) if found else None
    return result if result and result.is_over(params) else None


def _result_of(found: Checkpoint) -> FitResult:
    facts = found.facts
    return FitResult(below("best", found.tensors), facts["history"], facts["best_epoch"])


class _Course:
    """A training and what came of it so far, which checkpoints keep together."""

    def __init__(
        self, trainer: Trainer, checkpoints: Checkpoints | None, seconds: float, world: World
    ) -> None:
        self.result = FitResult()
        self._world = world
        self._trainer, self._checkpoints, self._seconds = trainer, checkpoints, seconds
        self._saved_at = time.monotonic()

    def pause(self, end: EndRequest) -> None:
        """Called where the training can stop: save if it is time, and end if asked to.

        All processes come here together, and end together.
        """
        if self._world.any(bool(end)):
            self.save()
            end.obey()
            if self._world.size > 1:
                raise RuntimeError("another process of the training was asked to end")
        elif time.monotonic() - self._saved_at >= self._seconds:
            self.save()

    def save(self) -> None:
        """Write a checkpoint, as the first process."""
        if self._checkpoints is None or not self._world.first:
            return
        state, result = self._trainer.save(), self.result
        tensors = state.tensors | {f"best.{name}": value for name, value in result.tensors.items()}
        facts = state.facts | {"history": result.history, "best_epoch": result.best_epoch}
        self._checkpoints.save(Checkpoint(state.steps, tensors, facts))
        self._saved_at = time.monotonic()

    def resume(self) -> None:
        """Go on from the last checkpoint, if there is one."""
        found = self._checkpoints.latest() if self._checkpoints else None
        if found is None:
            return
        self._trainer.load(found)
        self.result = _result_of(found)
        logger.info("Training goes on after step %d, in epoch %d", found.steps, self._trainer.epoch)


def _validate(
    network: nn.Module,
    val: LabelledImages,
    preprocess: Preprocess,
    batch_size: int,
    runtime: Runtime,
    world: World,
    pause: Callable[[], None],
) -> dict[str, float]:
    """Loss, accuracy and balanced accuracy of the averaged weights on real images."""
    network.eval()
    logits = []
    rows = val.rows[world.share(len(val))]
    for start in range(0, len(rows), batch_size):
        pixels = torch.from_numpy(val.store.take(rows[start : start + batch_size]))
        with torch.inference_mode(), runtime.autocast():
            logits.append(network(preprocess.to_input(pixels.to(runtime.device))).float())
        if world.size == 1:  # others may have fewer batches, and would not come here
            pause()
    scores = world.gather(torch.cat(logits))
    predicted: NDArray[np.int64] = scores.argmax(1).numpy()
    return {
        "val_loss": functional.cross_entropy(scores, torch.from_numpy(val.labels)).item(),
        "val_accuracy": float((predicted == val.labels).mean()),
        "val_balanced_accuracy": float(balanced_accuracy_score(val.labels, predicted)),
    }
