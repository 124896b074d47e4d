"""Locks of a run whose stages are processes of their own, as under ``kedro repro``.

The stages' parent shares a lock on every stage from first to last. A stage that writes asks it, at
a socket, to let its lock go meanwhile.
"""

from __future__ import annotations

import os
import socketserver
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from socket import AF_UNIX, socket
from threading import Thread
from typing import Literal

from dermaflow.errors import BusyError
from dermaflow.io.shared_lock import SharedLock

ADDRESS = "DERMAFLOW_LOCK_KEEPER"  # variable that names the socket to the stages
_LONGEST_FOLDER = 70  # bytes: systems take addresses of some 100
_DONE = "done"


@contextmanager
def keep_locks(locks: Mapping[Path, SharedLock]) -> Iterator[dict[str, str]]:
    """Listen to the stages while the block runs.

    Args:
        locks: file -> lock, all of them shared.

    Yields:
        The variables by which the stages find this process.
    """
    short = "/tmp" if len(tempfile.gettempdir()) > _LONGEST_FOLDER else None
    with tempfile.TemporaryDirectory(dir=short) as folder:
        address = str(Path(folder) / "socket")
        with _Keeper(address, locks) as keeper:
            thread = Thread(target=keeper.serve_forever, args=(0.05,), daemon=True)
            thread.start()
            try:
                yield {ADDRESS: address}
            finally:
                keeper.shutdown()
                thread.join()


def has_keeper() -> bool:
    """Whether this process is a stage of a ``kedro repro``."""
    return ADDRESS in os.environ


def ask_keeper(what: Literal["release", "share"], lock: Path) -> bool:
    """Ask the parent to let a lock go, or to share it again.

    Returns:
        Whether all is as it should be: it did, or there is no parent that keeps this lock.

    Raises:
        BusyError: the parent has ended, and the stages after this one are nobody's any more.
    """
    address = os.environ.get(ADDRESS)
    if address is None:
        return True
    with socket(AF_UNIX) as connection:
        try:
            connection.connect(address)
        except OSError as error:
            raise BusyError(
                "`kedro repro`, whose stage this is, has ended: give it again"
            ) from error
        with connection.makefile("rw", encoding="utf-8") as stream:
            stream.write(f"{what} {lock.absolute()}\n")
            stream.flush()
            return stream.readline().strip() == _DONE


class _Keeper(socketserver.UnixStreamServer):
    def __init__(self, address: str, locks: Mapping[Path, SharedLock]) -> None:
        super().__init__(address, _Request)
        self.locks = {file.absolute(): lock for file, lock in locks.items()}


class _Request(socketserver.StreamRequestHandler):
    server: _Keeper

    def handle(self) -> None:
        what, _, file = self.rfile.readline().decode().rstrip("\n").partition(" ")
        lock = self.server.locks.get(Path(file))
        done = True
        if lock and what == "release":
            lock.release()
        elif lock:
            done = lock.share()
        self.wfile.write(f"{_DONE if done else 'busy'}\n".encode())
