"""What is wrong with a file, and how to get it back, in one line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dermaflow.params.dotted_keys import differing_keys
from dermaflow.versioning.dvc.cache import DvcCache
from dermaflow.versioning.dvc.command import run_dvc
from dermaflow.versioning.dvc.tracked_files import SUFFIX
from dermaflow.versioning.stages.fingerprint import hash_file, hash_files


@dataclass(frozen=True)
class Expected:
    """What a path should hold.

    Attributes:
        path: from the project's root.
        hashes: any of which is right, the likeliest first; none where nothing is known.
        origin: stage that writes it, or ``.dvc`` file that keeps track of it.
        filed: whether the first hash is that of ``dvc.lock`` or of the ``.dvc`` file, by which
            DVC can bring it back.
    """

    path: str
    hashes: list[str]
    origin: str
    filed: bool

    @property
    def is_raw(self) -> bool:
        """Whether no stage makes it."""
        return self.origin.endswith(SUFFIX)


def explain(project_path: Path, expected: Expected) -> str:
    """Which files of a path are not what they should be, whether DVC's copy is, and what to do."""
    cache = DvcCache.of(project_path)
    md5 = expected.hashes[0]
    files = _differing(project_path / expected.path, cache.listing(md5) if cache else {})
    raw = [f"{expected.path}/{name}" for name in files] if expected.is_raw else []
    ignored = _ignored(project_path, raw)
    if ignored:
        return (
            f"{few(ignored)} is left out by .dvcignore, so that {expected.origin} says nothing of "
            f"it: move it out of {expected.path}, or take the pattern out of .dvcignore and "
            f"`dvc add {expected.path}`"
        )
    names = few([f"{expected.path}/{name}" if name else expected.path for name in files])
    said = "says" if expected.is_raw else "wrote"
    what = f"{names} is not what {expected.origin} {said}: damaged, or changed by hand"
    damaged = cache.damaged(md5) if cache else []
    if damaged and cache:
        copies = few(sorted({_relative(project_path, item.path) for item in damaged}))
        both = f"{what}; so is its copy in DVC's cache, {copies}"
        return f"{both}: move both away; {_ways(expected, cache, fetch=True)}"
    # DVC takes a file for what it was as long as size and time are the same: it has to go first.
    ways = f"move it away; {_ways(expected, cache)}"
    keep = (
        f"`dvc add {expected.path}` keeps a change that is meant; else " if expected.is_raw else ""
    )
    return f"{what}; {keep}{ways}"


def _ways(expected: Expected, cache: DvcCache | None, fetch: bool = False) -> str:
    """How to get a path back; ``fetch``: what the cache holds is of no use."""
    ways = []
    if expected.filed and cache:
        held = not fetch and not cache.missing(expected.hashes[:1])
        if held or cache.remote:
            command = "dvc checkout" if held else "dvc pull"
            ways.append(f"`{command} {expected.path}` brings it back")
    if not expected.is_raw:
        ways.append(f"`kedro run` with `--pipelines {expected.origin}` makes it again")
    return ", or ".join(ways) or "DVC has no copy of it, here or on a remote: find one elsewhere"


def few(names: list[str]) -> str:
    """The first name, and how many more there are."""
    return names[0] if len(names) == 1 else f"{names[0]} (and {len(names) - 1} more)"


def _differing(path: Path, listing: Mapping[str, str]) -> list[str]:
    """Files of a folder that are not those of its list; the path itself where there is none."""
    if not listing:
        return [""]
    found = hash_files(path) if path.is_dir() else {"": hash_file(path)}
    return differing_keys(found, listing) or [""]


def _ignored(project_path: Path, paths: list[str]) -> list[str]:
    """Those of the paths that patterns of people's own keep from DVC; none where DVC fails."""
    if not paths:
        return []
    given = "".join(f"{path}\n" for path in paths)
    return run_dvc(project_path, "check-ignore", "--stdin", given=given).stdout.splitlines()


def _relative(project_path: Path, path: Path) -> str:
    return str(path.relative_to(project_path) if path.is_relative_to(project_path) else path)
