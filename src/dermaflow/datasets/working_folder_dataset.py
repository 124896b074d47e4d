"""A stage's working folder as a Kedro dataset."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kedro.io import AbstractDataset, DatasetError


@dataclass(frozen=True)
class WorkingFolder:
    """Where a stage keeps what it needs to go on after a crash.

    Attributes:
        path: the folder; it need not exist.
        made_from: all that decides what the stage makes: only what was left by a run with the same
            may be used. Where the runner does not tell, as Kedro's own do not, it is of this run
            alone.
    """

    path: Path
    made_from: Mapping[str, Any]

    def decisive(self, without_effect: Mapping[str, Collection[str]]) -> dict[str, Any]:
        """``made_from`` less parameters that change nothing but how it is done.

        Args:
            without_effect: group of parameters -> names in it.
        """
        groups = dict(self.made_from.get("parameters", {}))
        for group, names in without_effect.items():
            groups[group] = {k: v for k, v in groups.get(group, {}).items() if k not in names}
        return {**self.made_from, "parameters": groups}


class WorkingFolderDataset(AbstractDataset[None, WorkingFolder]):
    """A folder that a stage's nodes write to while they run, and the runner clears afterwards.

    It is no input: whether it is there changes nothing of what the stage makes. So neither the
    runner's records nor DVC shall know of it, by ``working_folder: true`` in its metadata.

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
