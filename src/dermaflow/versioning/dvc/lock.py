"""Reading and writing entries of ``dvc.lock`` without DVC, whose import alone takes longer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml
from omegaconf import OmegaConf

from dermaflow.io.atomic_files import replacing_file
from dermaflow.versioning.dvc.stage_file import dvc_files
from dermaflow.versioning.stages.stage_dependencies import select_parameters
from dermaflow.versioning.stages.stage_records import StageRecord

Entry = dict[str, Any]


def read_lock(path: Path) -> dict[str, Entry]:
    """Entries of a ``dvc.lock`` by stage; none where there is no file or it is no lock."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError):
        return {}
    stages = content.get("stages") if isinstance(content, dict) else None
    return stages if isinstance(stages, dict) else {}


def write_lock(path: Path, entries: Mapping[str, Entry]) -> None:
    """Make a ``dvc.lock`` of the entries, in place of what is there."""
    content = {"schema": "2.0", "stages": dict(entries)}
    with replacing_file(path) as partial:
        partial.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")


def locks_of(project_path: Path, env: str) -> dict[Path, tuple[str, ...]]:
    """Each ``dvc.lock`` of an environment and its stages."""
    files = dvc_files(project_path, env)
    return {file.with_suffix(".lock"): stages for file, stages in files.items()}


def read_locks(project_path: Path, env: str) -> dict[str, Entry]:
    """Entries of all of an environment's locks by stage."""
    entries: dict[str, Entry] = {}
    for lock in locks_of(project_path, env):
        entries |= read_lock(lock)
    return entries


def write_locks(project_path: Path, env: str, entries: Mapping[str, Entry]) -> None:
    """Put entries into the locks of their stages, in place of all that is there."""
    for lock, stages in locks_of(project_path, env).items():
        of_lock = {name: entries[name] for name in stages if name in entries}
        if of_lock or lock.exists():
            write_lock(lock, of_lock)


def record_of(entry: Entry, groups: Iterable[str]) -> StageRecord:
    """What an entry says, with the parameters of its files merged as Kedro merges them."""
    # `conf/base` first, whatever the alphabet says of the environment's name.
    files = sorted(entry.get("params", {}).items(), key=lambda item: "/base/" not in item[0])
    merged = OmegaConf.create()
    for _, values in files:
        for key, value in values.items():
            OmegaConf.update(merged, key, value, merge=True, force_add=True)
    parameters: Any = OmegaConf.to_container(merged, resolve=True)
    return StageRecord(
        deps={dep["path"]: dep.get("md5") for dep in entry.get("deps", ())},
        parameters=select_parameters(parameters, groups),
        external={},
        outs={out["path"]: out.get("md5") for out in entry.get("outs", ())},
    )


def entry_of(record: StageRecord, command: str, files: Mapping[str, Any]) -> Entry:
    """The entry that says what a record says.

    Args:
        record: of the stage.
        command: its ``cmd`` in ``dvc.yaml``.
        files: parameter file -> key -> value, the ``params`` of the entry.
    """
    return {
        "cmd": command,
        "deps": lock_items(record.deps),
        "params": {path: dict(values) for path, values in files.items()},
        "outs": lock_items(record.outs),
    }


def lock_items(hashes: Mapping[str, str | None]) -> list[Entry]:
    """Files and their hashes as a lock lists them."""
    return [{"path": path, "hash": "md5", "md5": hashes[path]} for path in sorted(hashes)]
