"""The folder of stage records as a Kedro dataset."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kedro.io import AbstractDataset

from dermaflow.versioning.records import StageRecord, StageRecords


class StageRecordsDataset(AbstractDataset[tuple[str, StageRecord], StageRecords]):
    """Opens the records of what each stage was made from; runs read and write them.

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

    def save(self, data: tuple[str, StageRecord]) -> None:
        """Add the record of a stage."""
        StageRecords(self._filepath).add(*data)

    def _exists(self) -> bool:
        return self._filepath.is_dir()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._filepath)}
