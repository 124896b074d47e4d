"""The project's folder on a volume: filled by the first start of an image, renewed by a newer one.

Code stays in the image; the volume has links to it, which lead to the code of whichever image runs.
Files that users change are copied. An upgrade treats them as rpm and dpkg treat configuration
files: one that nobody has changed is replaced; one that somebody has changed stays, and the image's
version is put beside it as ``<name>.new`` if it is another one than before.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dermaflow.io.atomic_files import replacing_file
from dermaflow.io.file_lock import locked

# Of the image's code. Kedro refuses a `src` that is a link out of the project; not what is in it.
LINKS = ("src/dermaflow", "pyproject.toml")
SEEDED = ".seeded"  # what came from an image, in the format of `sha256sum`
NEW = ".new"
_LOCK = ".seeded.lock"
_FOLDERS = ("conf/local", "data/01_raw", "logs/home", "mlflow")


@dataclass
class Seeding:
    """What was done; paths are relative to the project.

    Attributes:
        first: whether the volume was filled for the first time.
        written: files that were copied or replaced.
        removed: files that the image no longer has and nobody had changed.
        kept: files that somebody has changed, and the image too; its version lies beside them.
    """

    first: bool
    written: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)

    @property
    def upgraded(self) -> bool:
        """Whether a volume that was in use got something new."""
        return not self.first and bool(self.written or self.removed or self.kept)


def seed_project(image: Path, project: Path) -> Seeding:
    """Fill the project's folder from the image, or renew what an earlier image put there.

    Several containers may do so at once, and one that is killed meanwhile is made good by the next.

    Args:
        image: the folder in the image.
        project: an existing folder, on a volume.

    Raises:
        OSError: the volume cannot be written.
    """
    theirs = dict(_hashes(image))
    if _read_seeded(project) == theirs and all(_is_link(image, project, x) for x in LINKS):
        return Seeding(first=False)
    with locked(project / _LOCK):
        seeded = _read_seeded(project)
        done = Seeding(first=seeded is None)
        for name in LINKS:
            _link(image, project, name)
        for name in _FOLDERS:
            (project / name).mkdir(parents=True, exist_ok=True)
        for name in sorted(theirs):
            _renew(image / name, project / name, name, (seeded or {}).get(name), theirs[name], done)
        for name in sorted((seeded or {}).keys() - theirs):
            _remove(project / name, name, (seeded or {})[name], done)
        _write_seeded(project, theirs)
    return done


def _renew(
    new: Path, here: Path, name: str, seeded: str | None, theirs: str, done: Seeding
) -> None:
    """Bring one file up to the image's version, unless somebody has changed or removed it."""
    if not here.exists():
        if seeded is None:  # else somebody has removed it
            _copy(new, here)
            done.written.append(name)
        return
    ours = _hash(here)
    if ours == theirs:
        return
    if ours == seeded:
        _copy(new, here)
        done.written.append(name)
    elif seeded != theirs:
        _copy(new, here.with_name(here.name + NEW))
        done.kept.append(name)


def _remove(here: Path, name: str, seeded: str, done: Seeding) -> None:
    if here.is_file() and _hash(here) == seeded:
        here.unlink()
        done.removed.append(name)


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with replacing_file(target) as partial:
        shutil.copyfile(source, partial)


def _link(image: Path, project: Path, name: str) -> None:
    """Link to the image's code; a folder or file of the user's own is left."""
    link = project / name
    if (link.exists() and not link.is_symlink()) or _is_link(image, project, name):
        return
    link.parent.mkdir(exist_ok=True)
    with replacing_file(link) as partial:
        partial.symlink_to(image / name)


def _is_link(image: Path, project: Path, name: str) -> bool:
    link = project / name
    return link.is_symlink() and link.readlink() == image / name


def _hashes(image: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(image.rglob("*")):
        name = path.relative_to(image).as_posix()
        if path.is_file() and not any(name == x or name.startswith(f"{x}/") for x in LINKS):
            yield name, _hash(path)


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _read_seeded(project: Path) -> dict[str, str] | None:
    """Path -> hash of what an image put there; None before the first time."""
    try:
        lines = (project / SEEDED).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return None
    pairs = (line.split("  ", 1) for line in lines)
    return {name: digest for digest, name in pairs}


def _write_seeded(project: Path, hashes: Mapping[str, str]) -> None:
    text = "".join(f"{digest}  {name}\n" for name, digest in sorted(hashes.items()))
    with replacing_file(project / SEEDED) as partial:
        partial.write_text(text, encoding="utf-8")
