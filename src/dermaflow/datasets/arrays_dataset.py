"""Named numpy arrays (safetensors) as a Kedro dataset."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from kedro.io import AbstractDataset
from numpy.typing import NDArray

from dermaflow.io.atomic_files import replacing_file, written_by_safetensors

Arrays = dict[str, NDArray[Any]]


class ArraysDataset(AbstractDataset[Arrays, Arrays]):
    """Arrays by name in one ``.safetensors`` file.

    Args:
        filepath: the file.
        metadata: free for hooks and plugins; not read here.
    """

    def __init__(self, *, filepath: str, metadata: dict[str, Any] | None = None) -> None:
        self._filepath = Path(filepath)
        self.metadata = metadata

    def load(self) -> Arrays:
        """Read all arrays."""
        from safetensors.numpy import load_file

        arrays: Arrays = load_file(self._filepath)
        return arrays

    def save(self, data: Arrays) -> None:
        """Write all arrays and replace the old file once the new is whole."""
        from safetensors.numpy import save_file

        arrays = {name: np.ascontiguousarray(array) for name, array in data.items()}
        with replacing_file(self._filepath) as partial, written_by_safetensors(partial):
            save_file(arrays, partial)

    def _exists(self) -> bool:
        return self._filepath.is_file()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._filepath)}
