"""A lock that one process holds alone, or many share. The system drops it when its holder ends."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import psutil


class SharedLock:
    """A lock on a name, without waiting.

    Two files make it, as ``flock`` alone cannot turn a lock that is held alone into a shared one
    without a moment in which another process may take it: whoever wants ``<name>.users`` alone has
    to hold ``<name>.lock`` first, and gives that back last.

    Args:
        file: ``<name>.lock``; both are made, with their folder, where there are none, and stay.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self._gate: int | None = None
        self._users: int | None = None

    @property
    def is_held(self) -> bool:
        """Whether this object holds the lock, alone or shared."""
        return self._users is not None

    @property
    def is_held_alone(self) -> bool:
        """Whether this object holds the lock alone."""
        return self._gate is not None

    def take(self) -> bool:
        """Hold the lock alone, from now on; False if another has it, and then none is held."""
        if self.is_held_alone:
            return True
        self.release()
        self._gate = _lock(self.file, fcntl.LOCK_EX)
        if self._gate is None:
            return False
        self._users = _lock(self._users_file, fcntl.LOCK_EX)
        if self._users is None:
            self.release()
            return False
        _write(self._gate, self.file, f"{os.getpid()}\n")
        os.ftruncate(self._users, 0)
        return True

    def share(self) -> bool:
        """Hold the lock beside others, from now on; False if another has it alone."""
        if self.is_held_alone:
            assert self._users is not None
            _note_user(self._users, self._users_file)
            fcntl.flock(self._users, fcntl.LOCK_SH)  # at once: nobody else gets past the gate
            self._close_gate()
        elif not self.is_held:
            self._users = _lock(self._users_file, fcntl.LOCK_SH)
            if self._users is not None:
                _note_user(self._users, self._users_file)
        return self.is_held

    def release(self) -> None:
        """Let the lock go, if it is held."""
        if self._users is not None:
            os.close(self._users)
            self._users = None
        self._close_gate()

    def holders(self) -> list[int]:
        """Ids of the other processes that hold the lock, as far as they could be noted down."""
        noted = dict.fromkeys([*_read(self.file), *_read(self._users_file)])
        return [pid for pid in noted if pid != os.getpid() and psutil.pid_exists(pid)]

    @property
    def _users_file(self) -> Path:
        return self.file.with_suffix(".users")

    def _close_gate(self) -> None:
        if self._gate is not None:
            os.ftruncate(self._gate, 0)
            os.close(self._gate)
            self._gate = None


def _lock(file: Path, kind: int) -> int | None:
    """Open and lock a file; None if another process has locked it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _note_user(descriptor: int, file: Path) -> None:
    _write(descriptor, file, f"{os.getpid()}\n")


def _write(descriptor: int, file: Path, text: str) -> None:
    try:
        os.write(descriptor, text.encode())
    except OSError as error:  # the disk is full: the system does not say where
        error.filename = str(file)
        raise


def _read(file: Path) -> list[int]:
    try:
        words = file.read_text(encoding="utf-8").split()
    except FileNotFoundError:
        return []
    return [int(word) for word in words if word.isdecimal()]
