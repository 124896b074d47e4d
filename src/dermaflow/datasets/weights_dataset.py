"""Weights (safetensors and JSON) as a Kedro dataset."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kedro.io import AbstractDataset

from dermaflow.ml.models.save_weights import save_weights
from dermaflow.ml.models.weights import CONFIG_FILE, Weights, load_weights


class WeightsDataset(AbstractDataset[Weights, Weights]):
    """A folder with ``model.safetensors`` and ``config.json``.

    Args:
        filepath: the folder.
        metadata: free for hooks and plugins; not read here.
    """

    def __init__(self, *, filepath: str, metadata: dict[str, Any] | None = None) -> None:
        self._filepath = Path(filepath)
        self.metadata = metadata

    def load(self) -> Weights:
        """Read tensors and description. Raises WeightsError where a file is missing or damaged."""
        return load_weights(self._filepath)

    def save(self, data: Weights) -> None:
        """Write both files and replace the old folder once the new is whole."""
        save_weights(self._filepath, data)

    def _exists(self) -> bool:
        return (self._filepath / CONFIG_FILE).exists()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._filepath)}
