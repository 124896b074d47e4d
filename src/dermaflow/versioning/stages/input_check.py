"""Whether files are still what was written there, by their content alone.

Sizes and times, by which DVC and ``HashCache`` know a file again, survive a flipped bit; so does
the name of a damaged object in DVC's cache.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from dermaflow.errors import IntegrityError, SourceError
from dermaflow.versioning.dvc.cache import DvcCache
from dermaflow.versioning.stages.damage import Expected, explain
from dermaflow.versioning.stages.fingerprint import hash_path, size_of
from dermaflow.versioning.stages.stage_records import StageRecord
from dermaflow.versioning.stages.workspace import Workspace

logger = logging.getLogger(__name__)

SECONDS_WORTH_A_LINE = 1


class InputCheck:
    """Hashes what a stage is about to read, each path once a run.

    Args:
        workspace: the environment's stages.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._sound: set[str] = set()

    def trust(self, outputs: Iterable[Path]) -> None:
        """A stage has run: its outputs were hashed as they were put in place."""
        look = self._workspace.hashes.hash
        hashes = {self._workspace.relative(path): look(path) for path in outputs}
        self._sound.update(hashes)
        self._workspace.files.know(hashes)

    def check(self, stage: str) -> None:
        """Compare a stage's inputs with what was written there; of some nothing may be known.

        Raises:
            BusyError: one is no longer what this run made or found.
            IntegrityError: one is something else.
            SourceError: one that DVC keeps track of is not here.
        """
        begun, size = time.monotonic(), 0
        self._workspace.files.require(*self._workspace.origins(stage))
        for expected in self._expected(stage):
            if expected.path not in self._sound and expected.hashes:
                self._check_one(stage, expected)
                size += size_of(self._workspace.project_path / expected.path)
        seconds = time.monotonic() - begun
        level = logging.INFO if seconds >= SECONDS_WORTH_A_LINE else logging.DEBUG
        rate = size / 1e6 / max(seconds, 1e-9)
        logger.log(level, "%s: %.0f MB of inputs are whole (%.0f MB/s)", stage, size / 1e6, rate)

    def _check_one(self, stage: str, expected: Expected) -> None:
        path = self._workspace.project_path / expected.path
        value = hash_path(path)
        if value is None and expected.is_raw:
            raise SourceError(
                f"{expected.path} is not here; `dvc pull {expected.path}` brings the version that "
                f"{expected.origin} names"
            )
        self._workspace.hashes.know(path, value)
        if value and value not in expected.hashes:
            raise IntegrityError(f"{stage}: {explain(self._workspace.project_path, expected)}")
        self._sound.add(expected.path)

    def _expected(self, stage: str) -> Iterator[Expected]:
        for path, producer in self._workspace.origins(stage).items():
            yield expected_output(self._workspace, producer, path)
        for path, item in self._workspace.tracked(stage).items():
            yield Expected(path, [item.md5] if item.md5 else [], item.dvc_file, filed=True)


def refuse_damaged_cache(workspace: Workspace, stage: str, now: StageRecord) -> None:
    """Look into DVC's cache where an output is not what the stage wrote: it may come from there.

    The stage could make it again, but DVC would keep the damaged object, and give it out again.

    Raises:
        IntegrityError: the cache's copy is damaged.
    """
    outputs = (expected_output(workspace, stage, path) for path, value in now.outs.items() if value)
    changed = [item for item in outputs if item.hashes and now.outs[item.path] not in item.hashes]
    cache = DvcCache.of(workspace.project_path) if changed else None
    for item in changed:
        if cache and cache.damaged(item.hashes[0]):
            raise IntegrityError(explain(workspace.project_path, item))


def expected_output(workspace: Workspace, stage: str, path: str) -> Expected:
    """What a stage's output should hold."""
    hashes = workspace.written(stage, path)
    locked = workspace.locked(stage)
    filed = bool(hashes and locked and locked.outs.get(path) == hashes[0])
    return Expected(path, hashes, stage, filed=filed)
