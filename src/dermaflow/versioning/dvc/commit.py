"""Telling DVC what ``kedro run`` made."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from dermaflow.errors import VersioningError
from dermaflow.versioning.dvc.cache import DvcCache
from dermaflow.versioning.dvc.dvc_stage import dvc_root
from dermaflow.versioning.dvc.internals import (
    DvcError,
    DvcStage,
    UnsupportedDvcError,
    open_repository,
)
from dermaflow.versioning.dvc.leftovers import holding
from dermaflow.versioning.dvc.lock import Entry, entry_of, lock_items, read_locks, record_of
from dermaflow.versioning.dvc.stage_file import (
    dvc_files,
    parameter_files,
    read_conf_files,
    read_yaml,
    render_dvc_file,
    stage_command,
)
from dermaflow.versioning.dvc.tracked_files import tracked_by
from dermaflow.versioning.stages.fingerprint import hash_path
from dermaflow.versioning.stages.stage_dependencies import code_root, select_parameters
from dermaflow.versioning.stages.stage_records import StageRecord
from dermaflow.versioning.stages.workspace import Workspace

logger = logging.getLogger(__name__)


class DvcCommit:
    """Finds what of an environment's state DVC does not know yet, and tells it.

    A stage goes into ``dvc.lock`` if it ran with the parameters of the environment's files, for the
    lock names those. With others (``--params``, ``conf/local``) its outputs go into DVC's cache
    alone, where ``kedro restore`` finds them; and so do those of the stages after it.

    Args:
        workspace: the environment's stages.
        env: its name.
    """

    def __init__(self, workspace: Workspace, env: str) -> None:
        self._workspace, self._env = workspace, env
        self._project = workspace.project_path
        self._files = dvc_files(self._project, env)

    def commit(self) -> None:
        """Commit what is new.

        Raises:
            VersioningError: another DVC command holds the lock, or DVC fails.
        """
        consistent = self._workspace.consistent()
        new = self._new(consistent)
        if not new:
            return
        if self._cache is None:
            logger.warning("DVC is not set up here (`dvc init`): the outputs are not versioned")
            return
        for file, stages in self._files.items():
            of_file = {name: new[name] for name in stages if name in new}
            if of_file and self._is_current(file):
                _commit(self._project, file, of_file, consistent)
            elif of_file:
                name = file.relative_to(self._project)
                state = "is not what the code says" if file.exists() else "is not there yet"
                logger.warning("%s %s: `kedro dvc-yaml`, then run again to tell DVC", name, state)

    def require_place(self) -> None:
        """Refuse a data folder, or a layer of it, that is a link out of DVC's repository.

        Raises:
            VersioningError: there is one; nothing of what would be made there could be committed.
        """
        root = dvc_root(self._project)
        if root is None:
            return
        data = self._workspace.records.folder.parent
        for folder in (data, *data.glob("*/")):
            if not folder.resolve().is_relative_to(root.resolve()):
                raise VersioningError(
                    f"{folder} leads to {folder.resolve()}, outside {root}, where DVC keeps "
                    "nothing: mount the other disk there instead (`mount --bind`), or put the "
                    "whole project on it"
                )

    def _new(self, consistent: Mapping[str, StageRecord]) -> dict[str, bool]:
        """Stage -> whether it goes into the lock, of those whose state DVC does not know."""
        lock = read_locks(self._project, self._env)
        files = read_conf_files(self._project, self._env)["parameters"]
        new: dict[str, bool] = {}
        as_filed: dict[str, bool] = {}
        for name, now in consistent.items():
            groups = self._workspace.stage(name).groups
            as_filed[name] = (
                now.parameters == select_parameters(files, groups)
                and self._reads_what_is_filed(name)
                and all(as_filed[before] for before in self._workspace.producers(name))
            )
            if not as_filed[name]:
                new |= {} if in_cache(self._cache, now.outs.values()) else {name: False}
            elif name not in lock or not record_of(lock[name], groups).agrees(now):
                new[name] = True
        return new

    @cached_property
    def _cache(self) -> DvcCache | None:
        return DvcCache.of(self._project)

    def _reads_what_is_filed(self, name: str) -> bool:
        """Whether code and raw data of ``dvc.yaml`` are those that the stage reads, and are here.

        The package may be installed elsewhere, a variable may have led the stage to other data, and
        the outputs may have come without any.
        """
        if code_root(self._project) != self._project / "src":
            return False
        tracked = self._workspace.tracked(name)
        (file,) = (file for file, stages in self._files.items() if name in stages)
        deps = read_yaml(file).get("stages", {}).get(name, {}).get("deps", ())
        filed = {path for path in deps if tracked_by(self._project, Path(path))}
        return filed == set(tracked) and all((self._project / path).exists() for path in tracked)

    def _is_current(self, file: Path) -> bool:
        from kedro.framework.project import pipelines

        expected = render_dvc_file(self._project, pipelines, self._env, self._files[file])
        return file.exists() and file.read_text(encoding="utf-8") == expected


def in_cache(cache: DvcCache | None, hashes: Iterable[str | None]) -> bool:
    """Whether DVC's cache, if there is one, holds all of these outputs with all their files."""
    return cache is not None and all(value and not cache.missing([value]) for value in hashes)


def save_outputs(project_path: Path, env: str, outputs: Mapping[str, Entry]) -> list[str]:
    """Put into DVC's cache what an environment's stages have written and it does not hold yet.

    Args:
        project_path: root of the project.
        env: the environment.
        outputs: what lies there, see ``output_entries``.

    Returns:
        Stages of which something was put there.

    Raises:
        VersioningError: another DVC command holds the lock, or DVC fails.
    """
    cache = DvcCache.of(project_path)
    unsaved = [
        name
        for name, entry in outputs.items()
        if not in_cache(cache, [out["md5"] for out in entry["outs"]])
    ]
    for file, stages in dvc_files(project_path, env).items():
        of_file = [name for name in stages if name in unsaved]
        if of_file:
            with _dvc_stages(file, "nothing has been changed") as load:
                for name in of_file:
                    load(name).cache_what_is_there()
    return unsaved


def output_entries(project_path: Path, env: str) -> dict[str, Entry]:
    """Stage -> what a ``dvc.lock`` would say of the outputs that lie there, whatever made them."""
    found: dict[str, Entry] = {}
    filed = [read_yaml(file).get("stages", {}) for file in dvc_files(project_path, env)]
    for name, stage in (item for stages in filed for item in stages.items()):
        paths = [*stage.get("outs", ()), *stage.get("metrics", ())]
        hashes = {path: hash_path(project_path / path) for path in paths}
        there = {path: value for path, value in hashes.items() if value}
        if there:
            found[name] = {"cmd": stage["cmd"], "outs": lock_items(there)}
    return found


def _commit(
    project_path: Path,
    file: Path,
    stages: Mapping[str, bool],
    consistent: Mapping[str, StageRecord],
) -> None:
    """Put outputs into DVC's cache and, where true, the stage into the lock."""
    committed: dict[bool, list[str]] = {True: [], False: []}
    consequence = "the outputs are whole, and `kedro run` again commits them without running them"
    with _dvc_stages(file, consequence) as load:
        for name, into_lock in stages.items():
            stage = load(name)
            saved = stage.save(with_deps=into_lock)
            if saved != consistent[name].outs:
                _require_all_seen(project_path, saved, consistent[name].outs)
                logger.warning("%s: changed meanwhile; the next run commits it", name)
                continue
            stage.cache()
            if into_lock:
                stage.write_lock_entry(file.with_suffix(".lock"))
            committed[into_lock].append(name)
    if committed[True]:
        logger.info("DVC: committed: %s", ", ".join(committed[True]))
    if committed[False]:
        names = ", ".join(committed[False])
        logger.info("DVC: cached, as parameters or code are not those in conf/ and src/: %s", names)


def _require_all_seen(
    project_path: Path, saved: Mapping[str, str | None], made: Mapping[str, str | None]
) -> None:
    """Raise VersioningError for an output that is as it was made, and not so to DVC."""
    for path, value in made.items():
        if saved.get(path) != value and hash_path(project_path / path) == value:
            raise VersioningError(
                f"DVC does not see all of {path}: a pattern of .dvcignore leaves files out; "
                "change it, and the same command commits the outputs without running them"
            )


@contextmanager
def _dvc_stages(file: Path, consequence: str) -> Iterator[Callable[[str], DvcStage]]:
    """Hold DVC's lock; gives the stages of a file by name.

    Raises:
        VersioningError: DVC fails; ``consequence`` says what that means.
    """
    try:
        with open_repository(file.parent) as repository, holding(repository):
            yield lambda name: repository.stage(file, name)
    except DvcError as error:
        raise VersioningError(f"DVC could not save the outputs: {error}; {consequence}") from error
    except UnsupportedDvcError as error:
        raise VersioningError(f"{error}; {consequence}") from error


def lock_entry(workspace: Workspace, env: str, name: str, record: StageRecord) -> Entry:
    """The entry of ``dvc.lock`` that says how a stage ran, with the parameters it ran with."""
    groups = workspace.stage(name).groups
    files: dict[str, dict[str, Any]] = {}
    for item in parameter_files(workspace.project_path, groups, env):
        for path, keys in item.items():
            content = read_yaml(workspace.project_path / path)
            files[path] = {key: content[key] for key in keys or content}
    entry = entry_of(record, stage_command(name, env), files)
    if record_of(entry, groups).parameters != record.parameters:
        for group, value in record.parameters.items():
            setting = [path for path, values in files.items() if group in values]
            entry["params"][setting[-1]][group] = value
    return entry
