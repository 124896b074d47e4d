"""Which errors are the user's to mend, and how they read in one line."""

from __future__ import annotations

import errno
import re
import sqlite3
import sys
from collections.abc import Iterator

from dermaflow.errors import DermaflowError, StorageError, TrackingError
from dermaflow.io.full_disk import is_full
from dermaflow.io.redaction import redact
from dermaflow.io.text import one_line

_FILEPATH = re.compile(r"filepath=(?:\w+\()?'([^']+)'")  # as Kedro describes a dataset
_OF_THE_DISK = {
    errno.EFBIG: "the file system, or `ulimit -f`, allows no larger one",
    errno.EIO: "the disk or its connection is damaged; see the system's log",
    errno.ESTALE: "its server has replaced it; mount the file system again",
    errno.EMFILE: "`ulimit -n` allows no more; raise it",
    errno.ENFILE: "the system allows no more; close other programs",
}
_SQLITE_FULL = "database or disk is full"


def as_user_error(error: BaseException) -> DermaflowError | None:
    """The error in words that a user can act on; None for one that only a developer can mend.

    An error of ours is looked for first, among all causes; then one of the system or of MLflow.
    """
    causes = list(_causes(error))
    for cause in causes:
        if isinstance(cause, DermaflowError):
            return cause
    for cause in causes:
        if isinstance(cause, OSError) and (told := _of_system(cause, _saved_to(causes))):
            return told
        if _is_of_mlflow(cause):
            return _of_mlflow(cause)
        if isinstance(cause, sqlite3.OperationalError) and _SQLITE_FULL in str(cause):
            return _full("MLflow's database")
        if is_full(cause):  # of a library that hides the system's error in a text
            return _full(_saved_to(causes))
    return None


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        hidden = error.__suppress_context__  # by `raise … from None`
        error = error.__cause__ or (None if hidden else error.__context__)


def _saved_to(causes: list[BaseException]) -> str:
    """Where Kedro was saving to: not every library says so itself."""
    for cause in causes:
        found = _FILEPATH.search(str(cause))
        if found:
            return found[1]
    return "the outputs"


def _of_system(error: OSError, saved_to: str) -> StorageError | None:
    where = error.filename or saved_to
    if is_full(error):
        return _full(where)
    if isinstance(error, PermissionError):
        return StorageError(f"no permission for {where}: change its owner or mode")
    if error.errno == errno.EROFS:
        return StorageError(f"{where} is on a file system that is mounted read-only")
    if error.errno in _OF_THE_DISK:
        return StorageError(f"{where}: {error.strerror}: {_OF_THE_DISK[error.errno]}")
    return None


def _full(where: str) -> StorageError:
    return StorageError(f"no space left to write {where}: free some, then run the same again")


def _is_of_mlflow(error: BaseException) -> bool:
    # Whoever met such an error has imported MLflow; asking must not be what imports it.
    exceptions = sys.modules.get("mlflow.exceptions")
    return exceptions is not None and isinstance(error, exceptions.MlflowException)


def _of_mlflow(error: BaseException) -> DermaflowError:
    text = one_line(redact(str(error)))  # before it is cut, or half a password could be left
    if _SQLITE_FULL in text:
        return _full("MLflow's database")
    return TrackingError(f"MLflow: {one_line(text, 300)}")
