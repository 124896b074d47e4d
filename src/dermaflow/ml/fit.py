"""Fine-tuning of the classifier."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.metrics import balanced_accuracy_score
from torch import Tensor, nn
from torch.nn import functional
from tqdm import tqdm

from dermaflow.errors import TrainingError
from dermaflow.ml.classifier import count_classes
from dermaflow.ml.data import BatchDataset, LabelledImages, training_loader
from dermaflow.ml.ema import Ema
from dermaflow.ml.feeding import feed
from dermaflow.ml.losses import build_loss
from dermaflow.ml.optim import build_optimizer, build_schedule
from dermaflow.ml.preprocess import Preprocess
from dermaflow.ml.runtime import Runtime, peak_memory_gib, torch_generator
from dermaflow.params import TrainParams

# Receives named figures and a step that grows over the run.
Log = Callable[[Mapping[str, float], int], None]


@dataclass(frozen=True)
class FitResult:
    """Outcome of a training.

    Attributes:
        tensors: state dict of the epoch with the best validation balanced accuracy, on the CPU.
        history: one record an epoch.
        best_epoch: counted from 1.
    """

    tensors: dict[str, Tensor]
    history: list[dict[str, float]]
    best_epoch: int


@dataclass
class _Best:
    score: float = -1.0
    epoch: int = 0
    tensors: dict[str, Tensor] = field(default_factory=dict)


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
) -> FitResult:
    """Train ``network`` and keep the best epoch's averaged weights.

    Args:
        network: maps float (N, 3, H, W) to logits; trained in place.
        frozen: parts of it whose batch norm keeps its statistics.
        train: real and synthetic training images.
        val: real images; they choose the epoch and nothing else.
        preprocess: shared with evaluation and serving.
        log: called during training, so that curves are live.

    Raises:
        TrainingError: the loss is no longer finite.
    """
    trainer = Trainer(network, frozen, train, preprocess, params, runtime, seed)
    best, history = _Best(), []
    images = params.epochs * len(trainer.loader) * params.batch_size
    with tqdm(total=images, unit="img") as progress:
        for epoch in range(1, params.epochs + 1):
            record = trainer.run_epoch(epoch, progress, log)
            record |= _validate(trainer.ema.module, val, preprocess, params.batch_size, runtime)
            # Not `val/…`: those are the evaluate stage's figures of the weights that were kept.
            log({f"train/{k}": v for k, v in record.items() if k.startswith("val_")}, trainer.steps)
            history.append(record)
            if record["val_balanced_accuracy"] > best.score:
                best = _Best(record["val_balanced_accuracy"], epoch, trainer.ema.copy_weights())
            elif epoch - best.epoch >= params.patience:
                break
    return FitResult(best.tensors, history, best.epoch)


class Trainer:
    """Trains epoch after epoch, without validation; see ``fit_classifier`` for the arguments.

    Attributes:
        loader: batches of one epoch.
        ema: the averaged network.
        steps: updates done so far.
    """

    def __init__(
        self,
        network: nn.Module,
        frozen: list[nn.Module],
        train: BatchDataset,
        preprocess: Preprocess,
        params: TrainParams,
        runtime: Runtime,
        seed: int,
    ) -> None:
        self._network = network.to(runtime.device).to(memory_format=torch.channels_last)
        self._frozen = frozen
        self._preprocess, self._params, self._runtime = preprocess, params, runtime
        self.loader = training_loader(
            train,
            params.batch_size,
            params.balance,
            params.workers,
            torch_generator(seed, "train", "sampler"),
        )
        self._optimizer = build_optimizer(self._network, params)
        self._scheduler = build_schedule(self._optimizer, len(self.loader), params)
        self._classes = count_classes(network)
        loss = build_loss(train.labels, self._classes, params.balance, params.loss)
        self._loss = loss.to(runtime.device)
        self.ema = Ema(self._network, params.ema_decay)
        self._generator = torch_generator(seed, "train", "augmentation")
        self.steps = 0

    def run_epoch(self, epoch: int, progress: tqdm[Any], log: Log) -> dict[str, float]:
        """All batches of one epoch; returns its record.

        Raises:
            TrainingError: the loss is no longer finite.
        """
        self._network.train()
        for module in self._frozen:
            module.eval()
        progress.set_description(f"train {epoch}/{self._params.epochs}")
        every = self._params.log_every
        losses: list[Tensor] = []
        images, started = 0, time.perf_counter()
        for pixels, labels in self.loader:
            losses.append(self._update(pixels, labels))
            images += len(labels)
            progress.update(len(labels))
            if self.steps % every == 0:
                recent = torch.stack(losses[-every:]).mean().item()
                if not math.isfinite(recent):
                    raise TrainingError(
                        f"the training loss is {recent} at step {self.steps}: lower "
                        f"train.learning_rate ({self._params.learning_rate})"
                    )
                progress.set_postfix(loss=f"{recent:.3f}")
                rate = float(self._scheduler.get_last_lr()[0])
                log({"train/loss": recent, "train/lr": rate}, self.steps)
        loss = torch.stack(losses).mean().item()
        seconds = time.perf_counter() - started
        speed = {"train/images_per_s": images / seconds, "train/peak_memory_gib": peak_memory_gib()}
        log(speed, self.steps)
        return {"epoch": epoch, "train_loss": loss}

    def _update(self, pixels: Tensor, labels: Tensor) -> Tensor:
        """Forward, backward and update on one batch; the loss, without waiting for the device."""
        device = self._runtime.device
        inputs, targets = feed(
            pixels.to(device, non_blocking=True),
            labels.to(device, non_blocking=True),
            self._classes,
            self.steps / (self._params.epochs * len(self.loader)),
            self._preprocess,
            self._params,
            self._generator,
        )
        with self._runtime.autocast():
            logits = self._network(inputs)
        loss: Tensor = self._loss(logits.float(), targets)
        loss.backward()
        self._optimizer.step()
        self._optimizer.zero_grad()
        self._scheduler.step()
        self.ema.update_parameters(self._network)
        self.steps += 1
        return loss.detach()


def _validate(
    network: nn.Module,
    val: LabelledImages,
    preprocess: Preprocess,
    batch_size: int,
    runtime: Runtime,
) -> dict[str, float]:
    """Loss, accuracy and balanced accuracy of the averaged weights on real images."""
    network.eval()
    logits = []
    with torch.inference_mode(), runtime.autocast():
        for start in range(0, len(val), batch_size):
            pixels = torch.from_numpy(val.store.take(val.rows[start : start + batch_size]))
            logits.append(network(preprocess.to_input(pixels.to(runtime.device))).float().cpu())
    scores = torch.cat(logits)
    predicted: NDArray[np.int64] = scores.argmax(1).numpy()
    return {
        "val_loss": functional.cross_entropy(scores, torch.from_numpy(val.labels)).item(),
        "val_accuracy": float((predicted == val.labels).mean()),
        "val_balanced_accuracy": float(balanced_accuracy_score(val.labels, predicted)),
    }
