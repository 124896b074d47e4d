"""What a classifier said of images, beside the truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dermaflow.errors import ParameterError
from dermaflow.schema import EXTERNAL, probability_columns

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Predictions:
    """What a classifier said of N images, and the truth.

    Attributes:
        classes: C codes.
        labels: int64 (N,), indices into ``classes``.
        probabilities: float64 (N, C), rows sum to 1.
        groups: of each image (str); images of a group are not independent.
        called: int64 (N,), the predicted classes, where they are not the most probable ones.
    """

    classes: tuple[str, ...]
    labels: Ints
    probabilities: Floats
    groups: NDArray[np.str_]
    called: Ints | None = None

    @classmethod
    def from_table(cls, table: pd.DataFrame, classes: Sequence[str]) -> Predictions:
        """From the columns label, predicted, group_id and ``p_<class>``.

        Raises:
            KeyError: a column is missing, or holds what is no class.
        """
        places = pd.Index(list(classes))
        labels, called = (
            places.get_indexer(table[column]).astype(np.int64) for column in ("label", "predicted")
        )
        if (labels < 0).any() or (called < 0).any():
            unknown = sorted({*table["label"], *table["predicted"]} - set(classes))
            raise KeyError(f"labels that are no class: {unknown}")
        probabilities = table[probability_columns(list(classes))].to_numpy(np.float64)
        return cls(tuple(classes), labels, probabilities, table["group_id"].to_numpy(str), called)

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def predicted(self) -> Ints:
        """Index of the class that was answered, int64 (N,)."""
        return self.most_probable if self.called is None else self.called

    @property
    def most_probable(self) -> Ints:
        """Index of the most probable class, int64 (N,); the first of equals."""
        places: Ints = self.probabilities.argmax(1)
        return places

    def count_groups(self, rows: NDArray[np.bool_] | None = None) -> int:
        """Groups with an image among ``rows``, a mask (N,); None for all images."""
        return len(np.unique(self.groups if rows is None else self.groups[rows]))

    def part(self, rows: NDArray[np.bool_]) -> Predictions:
        """Of some of the images, by a mask (N,)."""
        return Predictions(
            self.classes,
            self.labels[rows],
            self.probabilities[rows],
            self.groups[rows],
            None if self.called is None else self.called[rows],
        )


def read_rows(predictions: pd.DataFrame, classes: list[str]) -> Predictions:
    """Images of a table. Raises ParameterError if they are of other classes."""
    present = [name for name in predictions.columns if name.startswith("p_")]
    if sorted(present) != sorted(probability_columns(classes)):
        raise ParameterError(
            f"classes: {', '.join(classes)} are not those of the predictions "
            f"({', '.join(name.removeprefix('p_') for name in present)}); "
            "run the train and evaluate stages again"
        )
    return Predictions.from_table(predictions, classes)


def reported_parts(predictions: pd.DataFrame) -> dict[str, NDArray[np.bool_]]:
    """Part of the data that was tested on -> its rows: ``test``, and ``external/<source>`` each.

    Args:
        predictions: split and, where a split is external, source.
    """
    split = predictions["split"]
    parts = {"test": (split == "test").to_numpy()}
    if (split == EXTERNAL).any():
        for source in sorted(predictions.loc[split == EXTERNAL, "source"].unique()):
            of_it = (split == EXTERNAL) & (predictions["source"] == source)
            parts[f"{EXTERNAL}/{source}"] = of_it.to_numpy()
    return parts
