"""Images in a folder, and in folders below it."""

from __future__ import annotations

import os
from pathlib import Path

from dermaflow.errors import SourceError
from dermaflow.sources.base import IMAGE_SUFFIXES, MAX_FILE_BYTES


class ImageFolder:
    """The images below a folder, by their relative paths with ``/``.

    Args:
        path: the folder.
        key: the parameter that names it, for error texts.
        without: a folder below it whose images are none of it.

    Raises:
        SourceError: there is no such folder.
    """

    def __init__(self, path: str | Path, key: str, without: Path | None = None) -> None:
        folder = Path(path).expanduser()
        if not folder.is_dir():
            raise SourceError(f"there is no folder {folder}: set {key}")
        self.path = folder.resolve()
        self._without = without

    def names(self) -> list[str]:
        """All images, sorted."""
        found: list[str] = []
        for folder, _, names in os.walk(self.path):  # much quicker than `rglob` on large sets
            place = Path(folder)
            if self._without and place.is_relative_to(self._without):
                continue
            prefix = place.relative_to(self.path)
            files = (prefix / name for name in names)
            found += (path.as_posix() for path in files if path.suffix.lower() in IMAGE_SUFFIXES)
        return sorted(found)

    def read(self, name: str) -> bytes:
        """Bytes of a file inside the folder.

        Raises:
            FileNotFoundError: there is no such file, or it, or what it links to, lies outside.
            OSError: it is too large or cannot be read.
        """
        try:
            path = (self.path / name).resolve()
            inside, exists = path.is_relative_to(self.path), path.is_file()
        except (ValueError, OSError, RuntimeError):  # a NUL in the name, too long, a loop of links
            inside = exists = False
        if not (inside and exists):
            raise FileNotFoundError("no such file inside the folder")
        if path.stat().st_size > MAX_FILE_BYTES:
            raise OSError(f"larger than {MAX_FILE_BYTES} bytes")
        return path.read_bytes()
