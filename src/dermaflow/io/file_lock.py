"""Locks between processes. The system drops them when their process ends, however it ends."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from filelock import Timeout, UnixFileLock, lock_descriptor

logger = logging.getLogger(__name__)


class LockHeldError(Exception):
    """Another process holds a lock file.

    Attributes:
        process: its id, or ``unknown``.
    """

    def __init__(self, file: Path) -> None:
        super().__init__(str(file))
        self.process = file.read_text(encoding="utf-8").strip() or "unknown"


@contextmanager
def locked(file: Path, wait: bool = True, mode: int | None = None) -> Iterator[None]:
    """Hold a lock file while the block runs. The file stays, and names the process in it.

    Args:
        file: made, with its folder, where there is none.
        wait: for another process that holds it, for as long as that takes; the log says so.
        mode: permissions of a file that is made, whatever the umask; by default the umask's.

    Raises:
        LockHeldError: another process holds it, and ``wait`` is false.
        OSError: the file system has no locks, among other reasons.
    """
    # filelock's substitute for a file system without locks would outlive a killed process.
    make = partial(
        UnixFileLock, file, fallback_to_soft=False, on_acquired=partial(_write_process, file)
    )
    lock = make() if mode is None else make(mode=mode)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        if not wait:
            raise LockHeldError(file) from None
        logger.info("Waiting for another process that holds %s", file)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def lock_folder(folder: Path, wait: bool = True) -> int | None:
    """Lock a folder itself; no file is made.

    Args:
        folder: to lock.
        wait: for another process that has locked it.

    Returns:
        A descriptor, which unlocks when it is closed; None where another process has locked the
        folder and ``wait`` is false, and where there is no folder.
    """
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except FileNotFoundError:
        return None
    return _lock(descriptor, wait)


def lock_file(file: Path) -> int | None:
    """Lock a file itself, without waiting. The lock goes with the file where it is renamed.

    Returns:
        A descriptor, which unlocks when it is closed; None where another one is locked.

    Raises:
        FileNotFoundError: there is no such file.
    """
    return _lock(os.open(file, os.O_RDWR), wait=False)


def _lock(descriptor: int, wait: bool) -> int | None:
    try:
        if lock_descriptor(descriptor, blocking=wait):
            return descriptor
    except BaseException:
        os.close(descriptor)
        raise
    os.close(descriptor)
    return None


def _write_process(file: Path, descriptor: int) -> None:
    try:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
    except OSError as error:  # the disk is full: the system does not say where
        error.filename = str(file)
        raise
