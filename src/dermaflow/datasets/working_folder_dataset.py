"""A stage's working folder as a Kedro dataset."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kedro.io import AbstractDataset, DatasetError

from dermaflow.ml.training.working_folder import WorkingFolder


class WorkingFolderDataset(AbstractDataset[None, WorkingFolder]):
    """A folder that a stage's nodes write to while they run, and the runner clears afterwards.

    It is no input: whether it is there changes nothing of what the stage makes. So neither the
    runner's records nor DVC shall know of it, by ``without_effect: true`` in its metadata.

    Args:
        filepath: the folder.
        metadata: free for hooks and plugins; not read here.

    Attributes:
        made_from: see ``WorkingFolder``; set by the runner.
    """

    def __init__(self, *, filepath: str, metadata: dict[str, Any] | None = None) -> None:
        self._filepath = Path(filepath)
        self.metadata = metadata
        self.made_from: Mapping[str, Any] | None = None

    def load(self) -> WorkingFolder:
        """The folder, for the node to write to."""
        return WorkingFolder(self._filepath, self.made_from or {"run": uuid.uuid4().hex})

    def save(self, data: None) -> None:
        """Refuse: it is no output."""
        raise DatasetError(f"{self._filepath} is a working folder, and no node's output")

    def clear(self) -> None:
        """Remove the folder: the stage's outputs are in place."""
        shutil.rmtree(self._filepath, ignore_errors=True)

    def _exists(self) -> bool:
        return self._filepath.is_dir()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._filepath)}
