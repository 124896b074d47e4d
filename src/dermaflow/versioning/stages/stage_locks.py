"""Locks on stages, by which runs side by side leave one another's data alone.

A run holds a lock alone on each stage that it may write, and shares one on each stage that it
relies on, until it has ended: what it registers comes from what it trained.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from dermaflow.errors import BusyError, RunningError
from dermaflow.io.shared_lock import SharedLock
from dermaflow.schema import ALL_STAGES
from dermaflow.versioning.dvc.stage_file import read_conf_files
from dermaflow.versioning.stages.lock_keeper import ask_keeper
from dermaflow.versioning.stages.stage_records import RECORDS

logger = logging.getLogger(__name__)

SECONDS_BETWEEN_TRIES = 0.2
# A run that waits tries all locks, and holds some of them for a moment: that is no reason to fail.
SECONDS_OF_PATIENCE = 2


class StageLocks:
    """The locks of one run, in one environment.

    Args:
        folder: of the lock files, ``<stage>.lock`` and ``<stage>.users``.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._locks: dict[str, SharedLock] = {}

    @classmethod
    def of(cls, project_path: Path, env: str) -> StageLocks:
        """Those of an environment, where there is no catalog at hand."""
        catalog = read_conf_files(project_path, env)["catalog"]
        return cls(project_path / catalog[RECORDS]["filepath"])

    def acquire(self, needed: Callable[[], dict[str, bool]], wait: bool) -> None:
        """Hold all locks that a run needs, or none.

        Args:
            needed: stage -> whether the run may write it, of all that it needs, in the order of
                the data. Asked again once the locks are held, as another run may have changed the
                answer until then.
            wait: until the others have ended; the log says so.

        Raises:
            RunningError: another run has one of the stages, and ``wait`` is false.
        """
        told: set[str] = set()
        until = time.monotonic() + SECONDS_OF_PATIENCE
        while True:
            busy = self._try(needed())
            if busy is None and self._cover(needed()):
                return
            self.release()
            if busy is None:
                continue
            if not wait and time.monotonic() >= until:
                raise RunningError(busy)
            if wait and busy not in told:
                logger.info("Waiting: %s", busy)
                told.add(busy)
            time.sleep(SECONDS_BETWEEN_TRIES)

    def take(self, stage: str) -> None:
        """Hold a stage alone. Raises BusyError if another run uses it."""
        if not self._take(stage):
            raise BusyError(self._busy(stage))

    def share(self, stage: str) -> None:
        """Hold a stage beside others, if it was held alone as well. Raises BusyError."""
        lock = self._lock(stage)
        if not (lock.share() and ask_keeper("share", lock.file)):
            raise BusyError(self._busy(stage))

    def release(self) -> None:
        """Let all locks go."""
        for lock in self._locks.values():
            lock.release()

    @property
    def by_file(self) -> dict[Path, SharedLock]:
        """Lock file -> lock, of all that were ever held."""
        return {lock.file: lock for lock in self._locks.values()}

    def _try(self, needed: dict[str, bool]) -> str | None:
        """Hold locks; what is in the way, if anything is."""
        for stage, writes in needed.items():
            if not (self._take(stage) if writes else self._lock(stage).share()):
                return self._busy(stage)
        return None

    def _take(self, stage: str) -> bool:
        lock = self._lock(stage)
        return lock.is_held_alone or (ask_keeper("release", lock.file) and lock.take())

    def _cover(self, needed: dict[str, bool]) -> bool:
        locks = {stage: self._lock(stage) for stage in needed}
        return all(
            locks[stage].is_held_alone if writes else locks[stage].is_held
            for stage, writes in needed.items()
        )

    def _lock(self, stage: str) -> SharedLock:
        if stage not in self._locks:
            self._locks[stage] = SharedLock(self._folder / f"{stage}.lock")
        return self._locks[stage]

    def _busy(self, stage: str) -> str:
        lock = self._lock(stage)
        holders = ", ".join(map(str, lock.holders())) or "unknown"
        return (
            f"{stage}: another run (process {holders}) writes or uses its outputs (lock "
            f"{lock.file}); wait until it has ended, or let --if-running=wait do so"
        )


@contextmanager
def holding_all(project_path: Path, env: str) -> Iterator[None]:
    """Keep all runs of an environment away while the block runs.

    Raises:
        RunningError: there is one; nothing has been done.
    """
    locks = StageLocks.of(project_path, env)
    locks.acquire(lambda: dict.fromkeys(ALL_STAGES, True), wait=False)
    try:
        yield
    finally:
        locks.release()
