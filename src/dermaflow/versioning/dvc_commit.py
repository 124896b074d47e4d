"""Telling DVC what ``kedro run`` made."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from dermaflow.errors import VersioningError
from dermaflow.schema import STAGES
from dermaflow.versioning.dvc_file import (
    dvc_path,
    parameter_files,
    read_conf_files,
    render_dvc_file,
    stage_command,
)
from dermaflow.versioning.dvc_lock import Entry, entry_of, read_lock, record_of
from dermaflow.versioning.records import StageRecord
from dermaflow.versioning.stages import select_parameters
from dermaflow.versioning.workspace import Workspace

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
        self._file = dvc_path(self._project, env)

    def commit(self, ran: set[str]) -> None:
        """Commit what is new.

        Args:
            ran: stages that ran just now.

        Raises:
            VersioningError: another DVC command holds the lock, or DVC fails.
        """
        new = self._new(ran)
        if not new:
            return
        if not (self._project / ".dvc").is_dir():
            logger.warning("DVC is not set up here (`dvc init`): the outputs are not versioned")
            return
        if not self._file_is_current():
            name = self._file.relative_to(self._project)
            logger.warning("%s is not what the code says: `kedro dvc-yaml`, then run again", name)
            return
        _commit(self._file, new)

    def _new(self, ran: set[str]) -> dict[str, bool]:
        """Stage -> whether it goes into the lock, of those whose state DVC does not know."""
        lock = read_lock(self._file.with_suffix(".lock"))
        files = read_conf_files(self._project, self._env)["parameters"]
        new: dict[str, bool] = {}
        as_filed: dict[str, bool] = {}
        for name, now in self._workspace.consistent().items():
            groups = self._workspace.stage(name).groups
            as_filed[name] = now.parameters == select_parameters(files, groups) and all(
                as_filed[before] for before in self._workspace.producers(name)
            )
            if not as_filed[name]:
                new |= {name: False} if name in ran else {}
            elif name not in lock or not record_of(lock[name], groups).agrees(now):
                new[name] = True
        return new

    def _file_is_current(self) -> bool:
        from kedro.framework.project import pipelines

        expected = render_dvc_file(self._project, pipelines, self._env)
        return self._file.exists() and self._file.read_text(encoding="utf-8") == expected


def _commit(file: Path, stages: Mapping[str, bool]) -> None:
    """Put outputs into DVC's cache and, where true, the stage into the lock."""
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    logging.getLogger("dvc").setLevel(logging.WARNING)  # importing it sets another
    locked = [name for name, into_lock in stages.items() if into_lock]
    cached = [name for name in stages if name not in locked]
    try:
        opened = Repo(str(file.parent))
    except DvcException as error:  # no git, as in a copy of the project's files
        logger.warning("DVC is not set up here (%s): the outputs are not versioned", error)
        return
    try:
        with opened as repo, repo.lock:
            for name in STAGES:
                if name in stages:
                    stage = repo.stage.load_one(path=str(file), name=name)
                    stage.save()
                    stage.commit()
                    if name in locked:
                        stage.dump(update_pipeline=False)
    except DvcException as error:
        raise VersioningError(
            f"DVC could not commit the outputs, which are whole ({error}); when the cause is gone, "
            "`kedro run` again commits them without running them"
        ) from error
    if locked:
        logger.info("DVC: committed: %s", ", ".join(locked))
    if cached:
        logger.info("DVC: cached, as parameters are not those in conf/: %s", ", ".join(cached))


def lock_entry(workspace: Workspace, env: str, name: str, record: StageRecord) -> Entry:
    """The entry of ``dvc.lock`` that says how a stage ran, with the parameters it ran with."""
    groups = workspace.stage(name).groups
    files: dict[str, dict[str, Any]] = {}
    for item in parameter_files(workspace.project_path, groups, env):
        for path, keys in item.items():
            content = yaml.safe_load((workspace.project_path / path).read_text()) or {}
            files[path] = {key: content[key] for key in keys or content}
    entry = entry_of(record, stage_command(name, env), files)
    if record_of(entry, groups).parameters != record.parameters:
        for group, value in record.parameters.items():
            setting = [path for path, values in files.items() if group in values]
            entry["params"][setting[-1]][group] = value
    return entry
