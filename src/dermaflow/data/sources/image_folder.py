"""Images in a folder, and in folders below it."""

from __future__ import annotations

import os
import re
from collections.abc import Container, Iterable, Iterator
from fnmatch import fnmatchcase
from pathlib import Path

from dermaflow.data.sources.image_source import (
    IMAGE_SUFFIXES,
    MAX_FILE_BYTES,
    may_hold_images,
    speakable,
)
from dermaflow.errors import SourceError

# Where `cache.type symlink` lets links to data lead: to files that are named by their content.
_CACHED_BY_DVC = re.compile(r"/files/md5/[0-9a-f]{2}/[0-9a-f]{30}$")


class ImageFolder:
    """The files below a folder that may be images, by their relative paths with ``/``.

    Args:
        path: the folder.
        key: the parameter that names it, for error texts.
        without: a folder below it whose files are none of it.
        ignore: patterns as of a shell, whatever their case, of names and of paths in the folder;
            what they fit is none of it.

    Raises:
        SourceError: there is no such folder.
    """

    def __init__(
        self,
        path: str | Path,
        key: str,
        without: Path | None = None,
        ignore: Iterable[str] = (),
    ) -> None:
        folder = Path(path).expanduser()
        if not folder.is_dir():
            raise SourceError(f"there is no folder {folder}: set {key}")
        self.path = folder.resolve()
        self._without = without
        self._ignore = [pattern.casefold() for pattern in ignore]

    def names(self) -> list[str]:
        """All of them, sorted; a linked folder, into which nobody looks, ends with ``/``.

        Raises:
            SourceError: a folder cannot be read.
        """
        files = _list_files(self.path, self._without)
        return sorted(file for file in files if not self._is_ignored(file))

    def _is_ignored(self, file: str) -> bool:
        path = file.casefold()
        _, _, name = path.rpartition("/")
        return any(fnmatchcase(path, p) or fnmatchcase(name, p) for p in self._ignore)

    def read(self, name: str) -> bytes:
        """Bytes of a file inside the folder.

        Raises:
            FileNotFoundError: there is no such file, or its name leads outside.
            OSError: it is a link that leads outside, unless into a cache of DVC's, it is too large
                or it cannot be read.
        """
        try:
            path = (self.path / name).resolve()
            climbs = Path(name).is_absolute() or ".." in Path(name).parts
            exists = path.is_file() and not climbs
        except (ValueError, OSError, RuntimeError):  # a NUL in the name, too long, a loop of links
            exists = False
        if not exists:
            raise FileNotFoundError("no such file inside the folder")
        if not (path.is_relative_to(self.path) or _CACHED_BY_DVC.search(path.as_posix())):
            raise OSError("a link that leads out of the folder; put the file in its place")
        if path.stat().st_size > MAX_FILE_BYTES:
            raise OSError(f"larger than {MAX_FILE_BYTES} bytes")
        return path.read_bytes()


def by_stem(names: Iterable[str], wanted: Container[str]) -> dict[str, str]:
    """Images by their names without suffix.

    Raises:
        SourceError: two have one name without suffix, and it is wanted.
    """
    found: dict[str, str] = {}
    for name in names:
        stem, _, _ = name.rpartition(".")
        if not name.lower().endswith(IMAGE_SUFFIXES):
            continue
        if stem in found and stem in wanted:
            raise SourceError(
                f"there are {speakable(found[stem])} and {speakable(name)}; which of them is "
                f"'{speakable(stem)}' is unknown"
            )
        found[stem] = name
    return found


def _list_files(top: Path, without: Path | None) -> Iterator[str]:
    """Links to folders are not followed; hidden folders are left out."""
    pending = [""]
    while pending:
        prefix = pending.pop()
        for entry in _entries(top / prefix):
            if entry.is_dir(follow_symlinks=False):
                if not entry.name.startswith(".") and Path(entry.path) != without:
                    pending.append(f"{prefix}{entry.name}/")
            elif may_hold_images(entry.name):
                linked = entry.is_symlink() and Path(entry.path).is_dir()
                yield f"{prefix}{entry.name}/" if linked else prefix + entry.name


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:  # much quicker than `rglob` on large sets
            return list(entries)
    except OSError as error:
        raise SourceError(f"{speakable(str(folder))} cannot be read ({error.strerror})") from error
