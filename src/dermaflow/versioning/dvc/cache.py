"""What DVC's cache holds, and whether it is what its names say, which DVC itself takes on trust.

An object's name is the MD5 of its content; a folder's is that of a list of its files. DVC looks at
the content of an object only where it is not write-protected.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from dermaflow.versioning.dvc.internals import DvcError, DvcRepository, open_repository
from dermaflow.versioning.stages.fingerprint import hash_file

DIRECTORY = ".dir"


@dataclass(frozen=True)
class CachedObject:
    """One object of the cache, as part of an output.

    Attributes:
        name: of the file inside the output; empty where the object is the output, or its list.
        md5: that its content should have.
        path: of the object; nothing may be there.
    """

    name: str
    md5: str
    path: Path

    @property
    def missing(self) -> bool:
        """Whether the cache does not hold it."""
        return not self.path.is_file()

    @cached_property
    def sound(self) -> bool:
        """Whether the cache holds it and its content is what its name says."""
        return not self.missing and hash_file(self.path) == self.md5.removesuffix(DIRECTORY)


class DvcCache:
    """A project's cache, wherever DVC's configuration puts it.

    Args:
        folder: that holds objects as ``<first two digits>/<the others>``.
        remote: name of the default remote, None where there is none.
    """

    def __init__(self, folder: Path, remote: str | None = None) -> None:
        self.folder, self.remote = folder, remote

    @classmethod
    def of(cls, project_path: Path) -> DvcCache | None:
        """The cache of a project; None where DVC is not set up."""
        try:
            with open_repository(project_path) as repository:
                return cls.in_repository(repository)
        except DvcError:
            return None

    @classmethod
    def in_repository(cls, repository: DvcRepository) -> DvcCache:
        """The cache of a DVC repository that is open."""
        return cls(repository.cache_folder, repository.remote)

    def objects(self, md5: str) -> Iterator[CachedObject]:
        """The objects of an output: itself, and the files on its list, if that is sound."""
        yield self._object("", md5)
        yield from (self._object(name, value) for name, value in self.listing(md5).items())

    def listing(self, md5: str) -> dict[str, str]:
        """File -> MD5 of a folder; empty of a file, and where the cache holds no sound list."""
        if not md5.endswith(DIRECTORY):
            return {}
        try:
            content = self._object("", md5).path.read_bytes()
        except OSError:
            return {}
        if hashlib.md5(content).hexdigest() != md5.removesuffix(DIRECTORY):
            return {}
        return {entry["relpath"]: entry["md5"] for entry in json.loads(content)}

    def missing(self, hashes: Iterable[str]) -> bool:
        """Whether anything of these outputs is not in the cache."""
        return any(item.missing for md5 in hashes for item in self.objects(md5))

    def damaged(self, md5: str) -> list[CachedObject]:
        """Objects of an output that are there and are not what their names say."""
        return [item for item in self.objects(md5) if not item.missing and not item.sound]

    def _object(self, name: str, md5: str) -> CachedObject:
        return CachedObject(name, md5, self.folder / md5[:2] / md5[2:])
