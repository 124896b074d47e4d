"""Images read in place from zips that somebody else made; nothing is unpacked to disk."""

from __future__ import annotations

import stat
import zipfile
import zlib
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from threading import Lock

from dermaflow.data.sources.image_source import MAX_FILE_BYTES, may_hold_images
from dermaflow.errors import SourceError
from dermaflow.io.text import one_line

# DEFLATE reaches 1032:1 on zeros alone; images, which are compressed already, stay near 1:1.
_MAX_RATIO = 100
_ENCRYPTED = 0x1
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


class ZipFolder:
    """The files of one or more zips that may be images, by their names without folders.

    Args:
        paths: the zips; a name may occur once in all of them together.
        key: the parameter that names their folder, for error texts.

    Raises:
        SourceError: a zip is missing or damaged, or a name occurs twice.
    """

    def __init__(self, paths: Sequence[Path], key: str) -> None:
        self._members: dict[str, tuple[zipfile.ZipFile, zipfile.ZipInfo]] = {}
        self._overlapping: set[str] = set()
        # ZipFile counts its open members without a lock; reading is quick beside decoding.
        self._lock = Lock()
        for path in paths:
            archive = _open_zip(path, key)
            self._overlapping |= _find_overlaps(archive.infolist())
            for member in archive.infolist():
                self._add(path, archive, member)

    def _add(self, path: Path, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> None:
        # Zips can be made with backslashes; macOS adds a shadow of each file.
        name = member.filename.replace("\\", "/").rpartition("/")[2]
        if not may_hold_images(name):
            return
        if name in self._members:
            raise SourceError(f"{path}: '{one_line(name)}' occurs twice; which is right is unknown")
        self._members[name] = (archive, member)

    def names(self) -> list[str]:
        """Names of all files that may be images, in the order of the zips."""
        return list(self._members)

    def read(self, name: str) -> bytes:
        """Bytes of an image; safe to call from several threads.

        Raises:
            FileNotFoundError: there is no such image.
            OSError: it is a link, encrypted, damaged, too large or suspiciously packed.
        """
        if name not in self._members:
            raise FileNotFoundError("in none of the zips")
        archive, member = self._members[name]
        _refuse_unsafe(member)
        if member.filename in self._overlapping:
            raise OSError("shares its bytes with another file of its zip: it may be a zip bomb")
        try:
            with self._lock:
                content = archive.read(member)
        except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError) as error:
            raise OSError("damaged inside its zip") from error
        if len(content) != member.file_size:
            raise OSError("damaged inside its zip")
        return content


def _open_zip(path: Path, key: str) -> zipfile.ZipFile:
    if not path.exists():
        raise SourceError(f"{path} is missing (see {key})")
    if not path.is_file():  # a pipe would be waited for
        raise SourceError(f"{path} is no file (see {key})")
    try:
        return zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        why = one_line(error, 120)
        raise SourceError(f"{path} is no readable zip; download it again ({why})") from error


def _find_overlaps(members: Sequence[zipfile.ZipInfo]) -> set[str]:
    """Names of members whose bytes reach into the next one's."""
    placed = sorted(members, key=lambda member: member.header_offset)
    return {
        name
        for one, following in pairwise(placed)
        if one.header_offset + one.compress_size > following.header_offset
        for name in (one.filename, following.filename)
    }


def _refuse_unsafe(member: zipfile.ZipInfo) -> None:
    """Raise OSError for what must not be read. ``ZipFile`` never yields more than is declared."""
    if stat.S_ISLNK(member.external_attr >> 16):
        raise OSError("a link inside its zip, which is not followed")
    if member.flag_bits & _ENCRYPTED:
        raise OSError("encrypted inside its zip")
    if member.compress_type not in _METHODS:
        raise OSError("compressed by an unusual method inside its zip")
    if member.file_size > MAX_FILE_BYTES:
        raise OSError(f"larger than {MAX_FILE_BYTES} bytes inside its zip")
    if member.file_size > max(2**20, _MAX_RATIO * member.compress_size):
        raise OSError("compressed more than an image can be: it may be a zip bomb")
