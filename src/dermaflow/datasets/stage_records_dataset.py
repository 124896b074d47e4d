"""The folder of stage records as a Kedro dataset."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kedro.io import AbstractDataset, DatasetError

from dermaflow.versioning.stages.stage_records import StageRecords


class StageRecordsDataset(AbstractDataset[None, StageRecords]):
    """Opens the records of what each stage was made from, which only the runner writes.

    Args:
        filepath: the folder; made with the first record.
        metadata: free for hooks and plugins; not read here.
    """

    def __init__(self, *, filepath: str, metadata: dict[str, Any] | None = None) -> None:
        self._filepath = Path(filepath)
        self.metadata = metadata

    def load(self) -> StageRecords:
        """Open the folder, which need not exist yet."""
        return StageRecords(self._filepath)

    def save(self, data: None) -> None:
        """Refuse: no node may say what a stage was made from."""
        raise DatasetError(f"{self._filepath} is written by the runner alone")

    def _exists(self) -> bool:
        return self._filepath.is_dir()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._filepath)}
