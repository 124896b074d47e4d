"""Training batches from image stores."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from dermaflow.data.images.image_store import ImageStore
from dermaflow.ml.processes.group import ALONE, World
from dermaflow.ml.runtime import beside, free_gpu_bytes, torch_generator

logger = logging.getLogger(__name__)

# Images carried to a GPU at a time.
_CARRIED = 1024


@dataclass(frozen=True)
class LabelledImages:
    """Images of one store with their labels as class indices, int64 (N,)."""

    store: ImageStore
    rows: NDArray[np.int64]
    labels: NDArray[np.int64]

    @classmethod
    def from_table(
        cls, store: ImageStore, table: pd.DataFrame, classes: Sequence[str]
    ) -> LabelledImages:
        """The images that ``table`` lists (columns image_id, label), in its order."""
        labels = pd.Categorical(table["label"], categories=list(classes)).codes.astype(np.int64)
        if (labels < 0).any():
            unknown = sorted(set(table["label"]) - set(classes))
            raise ValueError(f"labels that are no class: {unknown}")
        return cls(store, store.rows(table["image_id"].tolist()), labels)

    def __len__(self) -> int:
        return len(self.rows)


class BatchDataset(Dataset[tuple[Tensor, Tensor]]):
    """Several ``LabelledImages`` as one; an item is a whole batch, read by a list of indices."""

    def __init__(self, parts: Sequence[LabelledImages]) -> None:
        self._parts = [part for part in parts if len(part)]
        self._starts = np.cumsum([0] + [len(part) for part in self._parts])
        self.labels = np.concatenate([part.labels for part in self._parts])

    @property
    def shape(self) -> tuple[int, int, int]:
        """(H, W, C) of each image."""
        return self._parts[0].store.shape

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, indices: list[int]) -> tuple[Tensor, Tensor]:
        """uint8 (B, H, W, 3) and int64 (B,)."""
        chosen = np.asarray(indices)
        owner = np.searchsorted(self._starts, chosen, side="right") - 1
        pixels = np.empty((len(chosen), *self.shape), np.uint8)
        for number, part in enumerate(self._parts):
            mine = owner == number
            pixels[mine] = part.store.take(part.rows[chosen[mine] - self._starts[number]])
        return torch.from_numpy(pixels), torch.from_numpy(self.labels[chosen])


class ResidentDataset(Dataset[tuple[Tensor, Tensor]]):
    """The images of a ``BatchDataset`` on a GPU: a batch is then gathered there, not carried."""

    def __init__(self, images: BatchDataset, device: torch.device) -> None:
        self._pixels = torch.empty((len(images), *images.shape), dtype=torch.uint8, device=device)
        self._labels = torch.from_numpy(images.labels).to(device)
        for numbers in torch.arange(len(images)).split(_CARRIED):
            self._pixels[numbers[0] : numbers[-1] + 1] = images[numbers.tolist()][0].to(device)

    def __len__(self) -> int:
        return len(self._labels)

    def __getitem__(self, indices: list[int]) -> tuple[Tensor, Tensor]:
        """uint8 (B, H, W, 3) and int64 (B,), on the GPU."""
        chosen = beside(torch.tensor(indices), self._pixels)
        return self._pixels[chosen], self._labels[chosen]


def fits_beside_training(images: BatchDataset, device: torch.device) -> bool:
    """Whether the images take no more than a quarter of what is free on a GPU."""
    size = len(images) * math.prod(images.shape)
    return device.type == "cuda" and size <= free_gpu_bytes(device) / 4


def class_balancing_weights(labels: NDArray[np.int64], balance: float) -> NDArray[np.float64]:
    """Sampling weight of each image, n_c ** -balance, where n_c is the size of its class.

    Args:
        labels: int64 (N,).
        balance: 0 samples as the data is, 1 every class alike.
    """
    counts = np.bincount(labels).astype(np.float64)
    weights: NDArray[np.float64] = np.maximum(counts, 1)[labels] ** -balance
    return weights


def expected_draws(labels: NDArray[np.int64], classes: int, balance: float) -> NDArray[np.float64]:
    """Images of each class that an epoch of ``training_loader`` draws on average, float64 (C,).

    N n_c^(1 - balance) / sum_k n_k^(1 - balance); a class without images counts as if it had one.
    """
    counts = np.maximum(np.bincount(labels, minlength=classes), 1).astype(np.float64)
    shares = counts ** (1 - balance)
    draws: NDArray[np.float64] = len(labels) * shares / shares.sum()
    return draws


class EpochBatches(Sampler[list[int]]):
    """Image numbers, a batch at a time; those of an epoch depend on seed and number alone.

    Each epoch has as many images as the set, drawn with replacement by weight; what fills no batch
    is left out, unless it is all there is. Of each batch a process gets its share.
    """

    def __init__(
        self, weights: NDArray[np.float64], batch_size: int, seed: int, world: World = ALONE
    ) -> None:
        self._weights = torch.from_numpy(weights)
        self._batch_size, self._seed, self._world = batch_size, seed, world
        self.start(1)

    def start(self, epoch: int, skip: int = 0) -> None:
        """Choose the epoch, from 1, and how many of its batches to leave out."""
        self._epoch, self._skip = epoch, skip

    def __len__(self) -> int:
        """Batches of a whole epoch."""
        return max(1, len(self._weights) // self._batch_size)

    def __iter__(self) -> Iterator[list[int]]:
        generator = torch_generator(self._seed, "train", "sampler", str(self._epoch))
        drawn = torch.multinomial(
            self._weights, len(self._weights), replacement=True, generator=generator
        )
        for batch in drawn.split(self._batch_size)[self._skip : len(self)]:
            yield batch[self._world.share(len(batch))].tolist()


def training_loader(
    dataset: BatchDataset,
    batch_size: int,
    balance: float,
    workers: int,
    seed: int,
    device: torch.device,
    world: World = ALONE,
) -> tuple[EpochBatches, DataLoader[tuple[Tensor, Tensor]]]:
    """A loader of batches, and what decides which epoch's it gives.

    On a GPU that has the room, the images are carried there once, and workers have nothing to do.
    """
    weights = class_balancing_weights(dataset.labels, balance)
    batches = EpochBatches(weights, batch_size, seed, world)
    if fits_beside_training(dataset, device):
        logger.info("%d training images lie on the GPU", len(dataset))
        resident = ResidentDataset(dataset, device)
        return batches, DataLoader(resident, sampler=batches, batch_size=None)
    loader = DataLoader(
        dataset,
        sampler=batches,
        batch_size=None,
        num_workers=workers,
        persistent_workers=workers > 0,
        pin_memory=device.type == "cuda",
    )
    return batches, loader
