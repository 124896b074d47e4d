"""Which objects of DVC's cache nothing refers to any more, and their removal."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from dermaflow.errors import VersioningError
from dermaflow.versioning.dvc.cache import DIRECTORY, DvcCache
from dermaflow.versioning.dvc.commit import output_entries
from dermaflow.versioning.dvc.internals import DvcRepository
from dermaflow.versioning.dvc.stage_file import environments
from dermaflow.versioning.dvc.tracked_files import SUFFIX
from dermaflow.versioning.git_history import history_of

SECONDS_A_DAY = 24 * 3600
# Where `kedro restore --back` finds what was there before.
_BEFORE_RESTORE = ".dvc/tmp/before_restore.json"
_HASH = re.compile(rb"\b[0-9a-f]{32}\b(?:\.dir)?")
_NAME = re.compile(rf"[0-9a-f]{{30}}(?:{re.escape(DIRECTORY)})?")


@dataclass(frozen=True)
class UnusedObjects:
    """Objects of a cache that nothing refers to.

    Attributes:
        files: of the objects, lists of folders first: a list that stays must not name what went.
        size: of all of them, in bytes.
        kept: how many objects stay.
    """

    files: list[Path]
    size: int
    kept: int

    def delete(self) -> None:
        """Remove them. What is left where this is cut short, the next time removes."""
        for file in self.files:
            file.unlink(missing_ok=True)


def find_unused(
    project_path: Path, repository: DvcRepository, needed: Collection[str], days: float
) -> UnusedObjects:
    """Look for objects that nothing refers to; the caller keeps runs and DVC away.

    Used is what `dvc gc --all-commits` would keep, and more: what a ``dvc.lock`` or ``.dvc`` file
    names here, in git's index, or in a commit that a branch, tag, stash, DVC's experiment or git's
    reflog still reaches; what lies in the workspace, of all environments; and what is ``needed``.

    Args:
        project_path: root of the project.
        repository: DVC's, open.
        needed: hashes of outputs and raw data that runs name.
        days: age in days below which an object stays in any case.

    Raises:
        VersioningError: the cache may be shared with other projects, or git refuses.
    """
    cache = DvcCache.in_repository(repository)
    if not cache.folder.is_relative_to(repository.root):
        raise VersioningError(
            f"DVC's cache {cache.folder} lies outside the project and may be shared: "
            "set cache_days: null in retention.yml; `dvc gc --projects` looks at several"
        )
    roots = {*needed, *_in_workspace(project_path), *_in_files(repository.root)}
    roots |= _hashes(history_of(project_path, ("dvc.lock", "*.dvc")))
    used = {item.md5 for md5 in roots for item in cache.objects(md5)}
    oldest = time.time() - days * SECONDS_A_DAY
    files, size, kept = list[Path](), 0, 0
    for file in _objects(cache.folder):
        stat = file.stat()
        if file.parent.name + file.name in used or stat.st_mtime > oldest:
            kept += 1
        else:
            files.append(file)
            size += stat.st_size
    files.sort(key=lambda file: file.suffix != DIRECTORY)
    return UnusedObjects(files, size, kept)


def _in_workspace(project_path: Path) -> set[str]:
    """Hashes of what lies there, though no lock may name it."""
    found = set[str]()
    for env in environments(project_path):
        for entry in output_entries(project_path, env).values():
            found |= {out["md5"] for out in entry["outs"]}
    return found


def _in_files(root: Path) -> set[str]:
    """Hashes that files of DVC's name, wherever they lie in the repository."""
    found = _hashes_of_file(root / _BEFORE_RESTORE)
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            if name == "dvc.lock" or name.endswith(SUFFIX):
                found |= _hashes_of_file(Path(folder, name))
    return found


def _hashes_of_file(file: Path) -> set[str]:
    with suppress(FileNotFoundError):
        return _hashes(file.read_bytes())
    return set()


def _hashes(content: bytes) -> set[str]:
    return {found.decode() for found in _HASH.findall(content)}


def _objects(folder: Path) -> Iterator[Path]:
    for prefix in sorted(folder.glob("[0-9a-f][0-9a-f]")):
        yield from (file for file in sorted(prefix.iterdir()) if _NAME.fullmatch(file.name))
