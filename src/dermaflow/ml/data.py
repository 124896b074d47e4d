"""Training batches from image stores."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from dermaflow.ml.image_store import ImageStore
from dermaflow.ml.runtime import torch_generator
from dermaflow.ml.world import ALONE, World


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

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, indices: list[int]) -> tuple[Tensor, Tensor]:
        """uint8 (B, H, W, 3) and int64 (B,)."""
        chosen = np.asarray(indices)
        owner = np.searchsorted(self._starts, chosen, side="right") - 1
        shape = self._parts[0].store.shape
        pixels = np.empty((len(chosen), *shape), np.uint8)
        for number, part in enumerate(self._parts):
            mine = owner == number
            pixels[mine] = part.store.take(part.rows[chosen[mine] - self._starts[number]])
        return torch.from_numpy(pixels), torch.from_numpy(self.labels[chosen])


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
    world: World = ALONE,
) -> tuple[EpochBatches, DataLoader[tuple[Tensor, Tensor]]]:
    """A loader of batches, and what decides which epoch's it gives."""
    weights = class_balancing_weights(dataset.labels, balance)
    batches = EpochBatches(weights, batch_size, seed, world)
    loader = DataLoader(
        dataset,
        sampler=batches,
        batch_size=None,
        num_workers=workers,
        persistent_workers=workers > 0,
        pin_memory=torch.cuda.is_available(),
    )
    return batches, loader
