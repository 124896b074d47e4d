"""Files and folders that appear whole or not at all."""

from __future__ import annotations

import ctypes
import errno
import os
import re
import resource
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache, partial
from glob import escape
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from dermaflow.io.file_lock import lock_folder

T = TypeVar("T")

_EXCHANGE = 2  # RENAME_EXCHANGE of Linux
_HERE = -100  # AT_FDCWD
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)
_ERROR_OF_RUST = re.compile(r"\(os error (\d+)\)")
_OLD = "replaced"  # what was at the target, in its workshop


@contextmanager
def replacing_folder(target: str | Path) -> Iterator[Path]:
    """Give an empty folder to fill, and put it in the place of ``target`` if the block succeeds.

    A reader never sees a part, and a failed block leaves the old content.
    """
    with _workshop(Path(target)) as workshop:
        new = workshop / Path(target).name
        new.mkdir()
        yield new
        replace_folder(new, Path(target), workshop / _OLD)


@contextmanager
def new_folder(target: str | Path) -> Iterator[Path]:
    """Like ``replacing_folder``, where nothing may be replaced.

    Raises:
        FileExistsError: something is at ``target`` before the block, or after it.
    """
    target = Path(target)
    if os.path.lexists(target):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
    with _workshop(target) as workshop:
        new = workshop / target.name
        new.mkdir()
        yield new
        try:
            new.rename(target)  # takes the place of an empty folder only
        except OSError as error:
            if error.errno in (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR):
                raise FileExistsError(
                    errno.EEXIST, os.strerror(errno.EEXIST), str(target)
                ) from error
            raise


@contextmanager
def replacing_file(target: str | Path) -> Iterator[Path]:
    """Like ``replacing_folder``, for one file: give a path to write to, of the same name."""
    with _workshop(Path(target)) as workshop:
        new = workshop / Path(target).name
        yield new
        new.replace(target)


@contextmanager
def durable_file(target: str | Path) -> Iterator[Path]:
    """Like ``replacing_file``; after the block, the new file outlives a loss of power."""
    with replacing_file(target) as partial:
        yield partial
        _sync(partial)
    _sync(Path(target).parent)


@contextmanager
def written_by_safetensors(path: Path) -> Iterator[None]:
    """Have the safetensors library, in the block, leave a file and raise errors as Python does.

    By itself it leaves files that their owner alone can read, and gives errors of the system, a
    full disk among them, as texts of its own exception.

    Raises:
        OSError: the file cannot be written.
    """
    path.touch()
    mode = path.stat().st_mode
    try:
        yield
    except Exception as error:
        number = _ERROR_OF_RUST.search(str(error))
        if number is None or isinstance(error, OSError):
            raise
        raise OSError(int(number[1]), os.strerror(int(number[1]))) from error
    path.chmod(mode)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def replace_folder(new: Path, target: Path, old: Path) -> None:
    """Move a folder, or a file, to ``target``, and a folder that is there to ``old``.

    Linux swaps the two in one step. Elsewhere, and on file systems that cannot, there is nothing at
    ``target`` for a moment; a process that is killed then leaves both, the new one whole, and the
    next puts it in place.
    """
    if not target.is_dir():  # a rename replaces files, but no folders
        new.replace(target)
        return
    old.parent.mkdir(exist_ok=True)
    if _exchange(new, target):
        new.rename(old)
    else:
        target.rename(old)
        try:
            new.rename(target)
        except OSError:
            old.rename(target)
            raise


def open_unchanged(folder: Path, read: Callable[[Callable[[str], BinaryIO]], T]) -> T:
    """Read several files of a folder that ``replacing_folder`` may replace at any moment.

    Args:
        folder: to read.
        read: gets a function that opens a file by its name; all that it opens are of one folder,
            the old or the new.

    Raises:
        FileNotFoundError: there is no such folder, or it lacks a file.
    """
    while True:
        descriptor = os.open(folder, os.O_RDONLY)

        def opened(name: str, where: int = descriptor) -> BinaryIO:
            return open(name, "rb", opener=partial(os.open, dir_fd=where))

        try:
            return read(opened)
        except FileNotFoundError as error:
            if os.path.samestat(os.fstat(descriptor), folder.stat()):
                error.filename = str(folder / str(error.filename))
                raise
            # It was replaced, and removed, meanwhile.
        finally:
            os.close(descriptor)


def allow_open_files(count: int) -> None:
    """Raise this process's limit of open files by so many, as far as the system allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = soft + count if hard == resource.RLIM_INFINITY else min(soft + count, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(OSError, ValueError):  # macOS has a lower limit than it tells
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


@contextmanager
def _workshop(target: Path) -> Iterator[Path]:
    """A folder beside ``target`` that is removed after the block, and locked meanwhile.

    The system lets go of a killed process's locks, so that what such a process left is known, and
    removed, by the next that writes to ``target``.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    remove_abandoned(target.parent, escape(target.name))
    folder, lock = _make_workshop(target)
    try:
        yield folder
    except OSError as error:
        if error.errno in _NO_ROOM and error.filename is None:  # the system does not say where
            error.filename = str(target)
        raise
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def _make_workshop(target: Path) -> tuple[Path, int]:
    while True:
        folder = target.with_name(f".{target.name}.{uuid.uuid4().hex[:8]}.partial")
        folder.mkdir()
        lock = lock_folder(folder)
        if lock is not None:
            if folder.exists():
                return folder, lock
            os.close(lock)
        # Before it was locked, another process took it for abandoned.


def remove_abandoned(parent: Path, name: str = "*") -> None:
    """Remove what killed processes left beside targets in a folder; ``name`` is a pattern."""
    for folder in parent.glob(f".{name}.????????.partial"):
        target = parent / folder.name[1 : -len(".????????.partial")]
        lock = lock_folder(folder, wait=False)
        if lock is not None:
            if (folder / _OLD).exists() and not target.exists():  # killed between two renames
                (folder / target.name).rename(target)
            shutil.rmtree(folder, ignore_errors=True)
            os.close(lock)


def _exchange(one: Path, other: Path) -> bool:
    """Swap two paths in one step; whether the system could."""
    rename = _renameat2()
    paths = (_HERE, os.fsencode(one), _HERE, os.fsencode(other))
    return rename is not None and rename(*paths, _EXCHANGE) == 0


@lru_cache
def _renameat2() -> Any:
    """Linux's, which Python does not offer; None elsewhere."""
    return getattr(ctypes.CDLL(None), "renameat2", None)
