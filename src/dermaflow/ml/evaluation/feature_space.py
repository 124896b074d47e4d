"""How far an image lies from the training classes, in the features of the network."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file

from dermaflow.errors import WeightsError

SPACE_FILE = "feature_space.safetensors"

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class FeatureSpace:
    """Features of length 1, moved and scaled to a spread of 1 within a class in every direction.

    The Euclidean distance there is the Mahalanobis distance by the covariance that the classes
    share (Lee et al. 2018, arXiv:1807.03888), of features whose length tells nothing (Mueller and
    Hein 2025, arXiv:2505.18032).

    Attributes:
        centre: float32 (D,), is subtracted from features of length 1.
        whitening: float32 (D, D), is multiplied with the rest from the right.
        means: float32 (C, D), of what comes of it, of each class that has training images.
    """

    centre: NDArray[np.float32]
    whitening: NDArray[np.float32]
    means: NDArray[np.float32]

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> FeatureSpace:
        """Undo ``to_arrays``; other arrays are passed over.

        Raises:
            WeightsError: an array is missing, has another shape, or holds what is no number.
        """
        try:
            space = cls(arrays["centre"], arrays["whitening"], arrays["means"])
        except KeyError as error:
            raise WeightsError(f"the feature space is damaged: it lacks {error}") from error
        size = space.centre.size
        shapes = [array.shape for array in space.to_arrays().values()]
        if shapes != [(size,), (size, size), (len(space.means), size)] or not len(space.means):
            raise WeightsError(f"the feature space is damaged: its arrays are of shapes {shapes}")
        if not all(np.isfinite(array).all() for array in space.to_arrays().values()):
            raise WeightsError("the feature space is damaged: it holds what is no number")
        return space

    def to_arrays(self) -> dict[str, NDArray[np.float32]]:
        """The arrays by name, for a file."""
        return {"centre": self.centre, "whitening": self.whitening, "means": self.means}

    def digest(self) -> str:
        """First 16 hex digits of a SHA-256 over the arrays' names and bytes."""
        digest = hashlib.sha256()
        for name, array in self.to_arrays().items():
            digest.update(name.encode())
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()[:16]

    def distances(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Distance to the nearest class, float32 (N,), of features (N, D)."""
        # In double precision: the sum of a matrix product in single depends on its size.
        whitened: Floats = (to_unit_length(features) - self.centre) @ self.whitening
        squares = [((whitened - mean) ** 2).sum(1) for mean in self.means.astype(np.float64)]
        distances: Floats = np.sqrt(np.min(squares, axis=0))
        return distances.astype(np.float32)


def to_unit_length(features: NDArray[np.float32]) -> Floats:
    """Features (N, D) divided by their lengths, float64; those of length 0 stay as they are."""
    values = features.astype(np.float64)
    lengths = np.linalg.norm(values, axis=1, keepdims=True)
    return values / np.where(lengths > 0, lengths, 1)


def load_feature_space(folder: Path, digest: str) -> FeatureSpace:
    """Read the space that lies beside weights.

    Args:
        folder: that holds ``SPACE_FILE``.
        digest: that it must have.

    Raises:
        WeightsError: the file is missing, damaged, or another than the decision rule's.
    """
    path = folder / SPACE_FILE
    try:
        space = FeatureSpace.from_arrays(load_file(path))
    except (OSError, SafetensorError) as error:
        raise WeightsError(f"feature space {path} is not readable: {error}") from error
    if space.digest() != digest:
        raise WeightsError(
            f"feature space {path} is {space.digest()}, but the decision rule was chosen with "
            f"{digest}; run the evaluate stage again"
        )
    return space
