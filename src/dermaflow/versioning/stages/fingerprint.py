"""Content hashes of files and folders, the same that DVC writes into ``dvc.lock``.

Equal values let a run compare its state with DVC's without importing DVC, and let a person find a
hash of one in the other.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from dermaflow.io.atomic_files import replacing_file
from dermaflow.io.processors import processors

# What DVC leaves out anywhere, and what `.dvcignore` does.
_IGNORED = (".git", ".hg", "__pycache__")
_IGNORED_SUFFIX = ".pyc"

# By what a file is known again. A copy may bring its time of writing along, but no command sets the
# time of its last change.
_LOOK = ("st_size", "st_mtime_ns", "st_ctime_ns", "st_ino")


def hash_path(path: Path) -> str | None:
    """MD5 of a file, or of a folder's sorted list of MD5s and names, as DVC 3 computes them.

    Returns:
        Hex digits, with ``.dir`` behind those of a folder; None where there is nothing.
    """
    if path.is_file():
        return hash_file(path)
    if not path.is_dir():
        return None
    entries = [{"md5": value, "relpath": name} for name, value in hash_files(path).items()]
    return hashlib.md5(json.dumps(entries, sort_keys=True).encode()).hexdigest() + ".dir"


def hash_files(folder: Path) -> dict[str, str]:
    """MD5 of each file below a folder, by its path in there, sorted."""
    files = {file.relative_to(folder).as_posix(): file for file in _files_of(folder)}
    names = sorted(files)
    with ThreadPoolExecutor(processors()) as pool:  # hashing and reading hold no lock
        return dict(zip(names, pool.map(hash_file, map(files.__getitem__, names)), strict=True))


def size_of(path: Path) -> int:
    """Bytes of a file, or of the files below a folder, that ``hash_path`` reads."""
    files = [path] if path.is_file() else _files_of(path)
    return sum(file.stat().st_size for file in files)


def hash_file(path: Path) -> str:
    """MD5 of a file, in hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "md5").hexdigest()


def _files_of(folder: Path) -> Iterator[Path]:
    for root, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in _IGNORED]
        names = [name for name in names if name != ".git" and not name.endswith(_IGNORED_SUFFIX)]
        paths = (Path(root, name) for name in names)
        yield from (path for path in paths if path.is_file())  # a link may lead nowhere


class HashCache:
    """Hashes paths again only when size, times or inode of a file below them changed.

    Args:
        file: JSON in which hashes outlive the process. What is lost or damaged is hashed again.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._known: dict[str, list[str]] = _read_json(file)
        self._changed = False

    def hash(self, path: Path) -> str | None:
        """Like ``hash_path``."""
        look = _look_of(path)
        key = str(path.absolute())
        if look is None:
            return None
        known = self._known.get(key)
        if known and known[0] == look:
            return known[1]
        value = hash_path(path)
        if value is not None:
            self._known[key] = [look, value]
            self._changed = True
        return value

    def know(self, path: Path, value: str | None) -> None:
        """Take over the hash of a path that was hashed elsewhere and moved here."""
        look = _look_of(path)
        if look and value:
            self._known[str(path.absolute())] = [look, value]
            self._changed = True

    def save(self) -> None:
        """Write the file, if there is anything new."""
        if self._changed:
            with replacing_file(self._file) as partial:
                partial.write_text(
                    json.dumps(self._known, indent=0, sort_keys=True), encoding="utf-8"
                )
            self._changed = False


def _look_of(path: Path) -> str | None:
    """Digest of names, sizes, times and inodes; None where there is nothing."""
    if path.is_file():
        files = [path]
    elif path.is_dir():
        files = sorted(_files_of(path))
    else:
        return None
    digest = hashlib.md5()
    for file in files:
        stat = file.stat()
        look = [getattr(stat, name) for name in _LOOK]
        digest.update(f"{file}\0{look}\n".encode())
    return digest.hexdigest()


def _read_json(file: Path) -> dict[str, list[str]]:
    try:
        content: dict[str, list[str]] = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content
