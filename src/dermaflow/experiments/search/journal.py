"""Optuna's journal of a study, kept as a checkpoint."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from optuna.storages.journal import BaseJournalBackend

from dermaflow.ml.training.checkpoints import Checkpoint, Checkpoints


class CheckpointJournal(BaseJournalBackend):
    """Optuna's log of operations: in memory, and on disk as it was at the last ``commit``.

    Optuna logs one step of a search as several operations: a proposal parameter by parameter, a
    rung before the decision that was made there. Its own ``JournalFileBackend`` writes each at
    once, and after a kill between two of them the study would go on differently. It would also
    leave a lock file and half a line. Here a killed process loses the step that it was in, whole.

    It needs no lock: only the process that holds the lock of the stage opens it.

    Args:
        checkpoints: where it is kept. The operations found there are the first ones.
    """

    def __init__(self, checkpoints: Checkpoints) -> None:
        self._checkpoints = checkpoints
        found = checkpoints.latest()
        self._operations: list[str] = found.facts["operations"] if found else []

    def read_logs(self, log_number_from: int) -> Iterator[dict[str, Any]]:
        """The operations from one on, counted from 0, for Optuna to replay."""
        return map(json.loads, self._operations[log_number_from:])

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        """Add operations, in memory alone."""
        self._operations += map(json.dumps, logs)

    def commit(self) -> None:
        """Write all operations durably, in the place of what was written before."""
        facts = {"operations": self._operations}
        self._checkpoints.save(Checkpoint(len(self._operations), {}, facts))
