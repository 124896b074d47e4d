"""The image store that a stage is about to replace, as a Kedro dataset."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kedro.io import AbstractDataset, DatasetError

from dermaflow.data.images.previous_store import PreviousStore


class PreviousStoreDataset(AbstractDataset[None, PreviousStore]):
    """What an earlier run left where the stage will put its own image store.

    It is no input: whether it is there changes nothing of what the stage makes. So neither the
    runner's records nor DVC shall know of it, by ``without_effect: true`` in its metadata.

    Args:
        filepath: the store's folder, which need not be there.
        metadata: free for hooks and plugins; not read here.
    """

    def __init__(self, *, filepath: str, metadata: dict[str, Any] | None = None) -> None:
        self._filepath = Path(filepath)
        self.metadata = metadata

    def load(self) -> PreviousStore:
        """The store's place; nothing is opened before the node asks what matches its recipe."""
        return PreviousStore(self._filepath)

    def save(self, data: None) -> None:
        """Refuse: it is no output."""
        raise DatasetError(f"{self._filepath} is read here; another catalog entry writes it")

    def _exists(self) -> bool:
        return (self._filepath / "meta.json").exists()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._filepath)}
