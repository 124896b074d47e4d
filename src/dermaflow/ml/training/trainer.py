"""The loop of updates: what it does at a step depends on the seed and the step's number alone."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping

import torch
from torch import Tensor, nn

from dermaflow.data.images.preprocess import Preprocess
from dermaflow.errors import TrainingError
from dermaflow.io.progress import Progress
from dermaflow.ml.augmentation.batch_random import Draws
from dermaflow.ml.models.backbone import count_classes
from dermaflow.ml.processes.group import ALONE, World
from dermaflow.ml.runtime import Runtime, peak_memory_gib, torch_generator
from dermaflow.ml.training.acceleration import Forward, accelerate
from dermaflow.ml.training.batches import BatchDataset, training_loader
from dermaflow.ml.training.checkpoints import Checkpoint, below
from dermaflow.ml.training.ema import Ema
from dermaflow.ml.training.losses import build_loss
from dermaflow.ml.training.optim import build_optimizer, build_schedule, copy_state
from dermaflow.ml.training.recipe import feed
from dermaflow.params.train import TrainParams

# Receives named figures and a step that grows over the run.
Log = Callable[[Mapping[str, float], int], None]


class Trainer:
    """Trains epoch after epoch, without validation; see ``fit_classifier`` for the arguments.

    No random stream runs from one step to the next, so that a checkpoint need not hold any, and a
    training that goes on from one draws what it would have drawn.

    Attributes:
        ema: the averaged network.
        epoch: the one being trained, from 1.
        steps: updates done so far, in all epochs.
        steps_per_epoch: updates of an epoch.
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
        world: World = ALONE,
    ) -> None:
        self._network = network.to(runtime.device).to(memory_format=torch.channels_last)
        self._frozen = frozen
        self._preprocess, self._params, self._runtime = preprocess, params, runtime
        self._seed, self._world = seed, world
        self._batches, self._loader = training_loader(
            train, params.batch_size, params.balance, params.workers, seed, runtime.device, world
        )
        self.steps_per_epoch = len(self._batches)
        self._optimizer = build_optimizer(self._network, params)
        self._scheduler = build_schedule(self._optimizer, self.steps_per_epoch, params)
        self._classes = count_classes(network)
        loss = build_loss(train.labels, self._classes, params.balance, params.loss)
        self._loss = loss.to(runtime.device)
        self.ema = Ema(self._network, params.ema_decay)
        self._forward = (
            self._accelerate(train) if world.size == 1 else world.wrap(self._network, runtime)
        )
        self.epoch = 1
        self.steps = 0
        self._losses: list[Tensor] = []  # of the epoch's updates

    def run_epoch(self, epoch: int, progress: Progress, log: Log) -> Iterator[None]:
        """Do what is left of an epoch, an update each time the next is asked for.

        Raises:
            TrainingError: the loss is no longer finite.
        """
        if epoch != self.epoch:
            self.epoch, self._losses = epoch, []
        self._set_modes()
        progress.set_description(f"train {epoch}/{self._params.epochs}")
        self._batches.start(epoch, skip=len(self._losses))
        images, started = 0, time.perf_counter()
        for pixels, labels in self._loader:
            self._losses.append(self._update(pixels, labels))
            images += len(labels)
            progress.update(len(labels))
            if self.steps % self._params.log_every == 0:
                self._log_recent(progress, log)
            yield
        if images:
            rate = images / (time.perf_counter() - started)
            log(
                {"train/images_per_s": rate, "train/peak_memory_gib": peak_memory_gib()}, self.steps
            )

    def epoch_loss(self) -> float:
        """Mean loss of the epoch's updates. Raises TrainingError if it is not finite."""
        loss = torch.stack(self._losses).mean().item()
        self._refuse_infinite(loss)
        return loss

    def save(self) -> Checkpoint:
        """All that decides what comes next, as copies on the CPU."""
        optimizer = self._optimizer.state_dict()
        tensors = {f"network.{k}": v for k, v in self._network.state_dict().items()}
        tensors |= {f"ema.{k}": v for k, v in self.ema.state_dict().items()}
        for number, state in optimizer["state"].items():
            tensors |= {f"optimizer.{number}.{k}": v for k, v in state.items()}
        if self._losses:
            tensors["losses"] = torch.stack(self._losses)
        facts = {
            "epoch": self.epoch,
            "groups": optimizer["param_groups"],
            "scheduler": self._scheduler.state_dict(),
        }
        copies = {k: v.detach().to("cpu", copy=True) for k, v in tensors.items()}
        return Checkpoint(self.steps, copies, facts)

    def load(self, checkpoint: Checkpoint) -> None:
        """Go on from what ``save`` gave."""
        tensors, facts = checkpoint.tensors, checkpoint.facts
        self._network.load_state_dict(below("network", tensors))
        self.ema.load_state_dict(below("ema", tensors))
        copy_state(self._optimizer, below("optimizer", tensors), facts["groups"])
        self._scheduler.load_state_dict(facts["scheduler"])
        self.steps, self.epoch = checkpoint.steps, facts["epoch"]
        losses = tensors.get("losses", torch.empty(0)).to(self._runtime.device)
        self._losses = list(losses.unbind())

    def _set_modes(self) -> None:
        self._network.train()
        for module in self._frozen:
            module.eval()

    def _accelerate(self, train: BatchDataset) -> Forward:
        self._set_modes()
        height, width, _ = train.shape
        count = min(self._params.batch_size, len(train))
        scales = [1.0, *(stage.scale for stage in self._params.resize)]
        sizes = [(count, round(height * scale), round(width * scale)) for scale in scales]
        return accelerate(self._network, sizes, self._params.compile, self._runtime)

    def _update(self, pixels: Tensor, labels: Tensor) -> Tensor:
        """Forward, backward and update on one batch; the loss, without waiting for the device."""
        device = self._runtime.device
        generator = torch_generator(self._seed, "train", "augmentation", str(self.steps))
        inputs, targets = feed(
            pixels.to(device, non_blocking=True),
            labels.to(device, non_blocking=True),
            self._classes,
            self.steps / (self._params.epochs * self.steps_per_epoch),
            self._preprocess,
            self._params,
            Draws(generator, self._world),
        )
        with self._runtime.autocast():
            logits = self._forward(inputs)
        loss: Tensor = self._loss(logits.float(), targets)
        loss.backward()
        self._optimizer.step()
        self._optimizer.zero_grad()
        self._scheduler.step()
        self.ema.update_parameters(self._network)
        self.steps += 1
        return self._world.mean(loss.detach())

    def _log_recent(self, progress: Progress, log: Log) -> None:
        recent = torch.stack(self._losses[-self._params.log_every :]).mean().item()
        self._refuse_infinite(recent)
        progress.set_postfix(loss=f"{recent:.3f}")
        rate = float(max(self._scheduler.get_last_lr()))  # the head's: other parts learn slower
        log({"train/loss": recent, "train/lr": rate}, self.steps)

    def _refuse_infinite(self, loss: float) -> None:
        if not math.isfinite(loss):
            raise TrainingError(
                f"the training loss is {loss} at step {self.steps}: lower "
                f"train.learning_rate ({self._params.learning_rate})"
            )
