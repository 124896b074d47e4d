"""The stages of one run: which must run, and how their outputs come into place."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from kedro.pipeline import Pipeline

from dermaflow.errors import BusyError, DrawingError
from dermaflow.params.dotted_keys import differing_keys
from dermaflow.schema import DRAWINGS
from dermaflow.versioning.dvc.dvc_stage import is_dvc_stage
from dermaflow.versioning.stages.damage import few
from dermaflow.versioning.stages.fingerprint import hash_path
from dermaflow.versioning.stages.input_check import InputCheck, refuse_damaged_cache
from dermaflow.versioning.stages.stage_records import StageRecord
from dermaflow.versioning.stages.stage_run import KedroRun, StageRun
from dermaflow.versioning.stages.workspace import Workspace
from dermaflow.versioning.stages.written_aside import (
    aside,
    clear,
    is_clear,
    put_in_place,
)

logger = logging.getLogger(__name__)

_CHANGED = "inputs or code changed while it ran"


class StagesOfRun:
    """The stages that a run is asked for.

    Args:
        kedro: runs nodes and calls hooks.
        workspace: the environment's stages.
        parts: stage -> its nodes that are asked for, in the order of the data.
        force: run unchanged stages, too.
    """

    def __init__(
        self, kedro: KedroRun, workspace: Workspace, parts: Mapping[str, Pipeline], force: bool
    ) -> None:
        self._kedro, self._workspace = kedro, workspace
        self._parts, self._force = parts, force
        self._inputs = InputCheck(workspace)
        # Python imports a stage's code when the run begins, and not again when the stage does.
        self._code = {stage: workspace.code(stage) for stage in parts}

    def needed(self) -> dict[str, bool]:
        """Stage -> whether it may have to run; those, too, that only made what others read."""
        needed = dict[str, bool]()
        for stage in self._workspace.with_producers(self._parts):
            before = self._workspace.producers(stage)
            needed[stage] = stage in self._parts and (
                any(needed[other] for other in before) or not self._is_unchanged(stage)
            )
        return needed

    def require_same_code(self) -> None:
        """Raise BusyError where code changed since the run began, as when it waited for another."""
        for stage, begun in self._code.items():
            changed = differing_keys(begun, self._workspace.code(stage))
            if changed:
                raise BusyError(
                    f"{stage}: {few(changed)} changed since this run began, which has read the "
                    "code as it was: run the same again"
                )

    def run(self) -> None:
        """Run the stages that must run. Raises DrawingError for what could not be drawn."""
        self._know_producers()
        undrawn = list[StageRun]()
        for stage, part in self._parts.items():
            run = StageRun(self._kedro, self._workspace, stage, part)
            made = self._run_stage(run)
            self._workspace.locks.share(stage)
            if made is not None:
                self._kedro.hook_manager.hook.after_stage_run(stage=stage, outputs=made)
            undrawn += [run] if run.undrawn else []
        _require_drawn(undrawn)

    def _know_producers(self) -> None:
        """Note what stages made that do not run, so that its replacement is noticed."""
        for stage in self._workspace.with_producers(self._parts):
            if stage not in self._parts:
                self._workspace.files.know(self._workspace.now(stage).outs)

    def _is_unchanged(self, stage: str) -> bool:
        """Whether a stage, as it was left, needs neither to be run nor to be put in order."""
        workspace = self._workspace
        if self._force or not self._is_whole(stage) or not _is_settled(workspace, stage):
            return False
        now = workspace.now(stage)
        return (
            workspace.is_unchanged(stage, now)
            and not workspace.missing_files(stage, now)
            and self._is_still_true(stage)
        )

    def _is_whole(self, stage: str) -> bool:
        return set(self._parts[stage].nodes) == set(self._workspace.nodes(stage).nodes)

    def _is_still_true(self, stage: str) -> bool:
        """Whether what lies outside, as the model's registry, still is what the outputs say."""
        ask = self._kedro.hook_manager.hook.are_outputs_true
        return False not in ask(stage=stage, outputs=self._workspace.outputs(stage))

    def _run_stage(self, run: StageRun) -> dict[str, Path] | None:
        """Run a stage and keep what it made: dataset -> place; None if it is unchanged."""
        workspace, stage = run.workspace, run.stage
        unchanged = self._is_unchanged(stage)
        if not unchanged:
            workspace.locks.take(stage)
            _recover(workspace, stage)
            unchanged = self._is_unchanged(stage)  # a killed run may have all but put it in place
        if unchanged:
            level = logging.DEBUG if stage in DRAWINGS.values() else logging.INFO
            logger.log(level, "%s: unchanged, skipped", stage)
            workspace.files.know(workspace.now(stage).outs)
            return None
        whole = self._is_whole(stage)
        now = workspace.now(stage)
        logger.info("%s: %s", stage, self._reason(stage, whole))
        refuse_damaged_cache(workspace, stage, now)
        now = self._prepare(stage)
        shutil.rmtree(workspace.failed_folder(stage), ignore_errors=True)
        made = run.run()
        if run.undrawn and not workspace.has_same_data(stage, now):
            _remove_undrawn(run, made)
        _keep(workspace, stage, now, made, whole and not run.undrawn)
        for folder in workspace.working_folders(stage):
            folder.clear()
        self._inputs.trust(made.values())
        return made

    def _prepare(self, stage: str) -> StageRecord:
        """Check a stage's inputs; tell its working folders what the stage is made from."""
        self._inputs.check(stage)
        now = self._workspace.now(stage)  # of what the check has seen
        now = replace(now, deps={**now.deps, **self._code[stage]})
        for folder in self._workspace.working_folders(stage):
            folder.made_from = now.made_from
        return now

    def _reason(self, stage: str, whole: bool) -> str:
        """Why the stage is to run, in a few words."""
        if self._force:
            return "forced"
        if not whole:
            return "in part, as asked"
        workspace = self._workspace
        now = workspace.now(stage)
        if not workspace.is_unchanged(stage, now):
            return workspace.reasons(stage, now)
        missing = workspace.missing_files(stage, now)
        if missing:
            return f"{few(missing)} is not here"
        return "what it made elsewhere is not there any more"


def _is_settled(workspace: Workspace, stage: str) -> bool:
    """Whether no killed process left anything of the stage to finish or undo."""
    places = workspace.outputs(stage).values()
    return workspace.records.announced(stage) is None and is_clear(places, stage)


def _recover(workspace: Workspace, stage: str) -> None:
    """Finish or undo what a killed process left of the stage."""
    record = workspace.records.announced(stage)
    if record:
        logger.info("%s: putting the outputs of an interrupted run in place", stage)
        made = {workspace.project_path / path: value for path, value in record.outs.items()}
        put_in_place([path for path in made if hash_path(path) != made[path]], stage)
        workspace.records.settle(stage)
    clear(workspace.outputs(stage).values(), stage)


def _keep(
    workspace: Workspace, stage: str, before: StageRecord, places: Mapping[str, Path], whole: bool
) -> None:
    """Put the outputs in place, and on record unless it is unsure what they were made from.

    Raises:
        BusyError: it is unsure, and DVC would not notice.
    """
    made = {workspace.relative(path): hash_path(aside(path, stage)) for path in places.values()}
    sure = whole and workspace.now(stage).deps == before.deps
    if whole and not sure:
        logger.warning("%s: %s; it will run again", stage, _CHANGED)
    deps = before.deps if sure else dict.fromkeys(before.deps)
    workspace.records.announce(stage, replace(before, deps=deps, outs=made))
    put_in_place(places.values(), stage)
    clear(workspace.outputs(stage).values(), stage)
    workspace.records.settle(stage)
    for path, value in made.items():
        workspace.hashes.know(workspace.project_path / path, value)
    workspace.hashes.save()
    if whole and not sure and is_dvc_stage(workspace.project_path):
        # DVC hashes the inputs when the stage has ended, and would take these outputs for theirs.
        raise BusyError(f"{stage}: {_CHANGED}: run the same again")


def _remove_undrawn(run: StageRun, made: Mapping[str, Path]) -> None:
    """Remove old pictures that could not be drawn anew: they would show other data."""
    outputs = {name for node in run.part.nodes for name in node.outputs} - made.keys()
    for name in outputs:
        path = run.workspace.outputs(run.stage)[name]
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _require_drawn(undrawn: Iterable[StageRun]) -> None:
    """Raise DrawingError if anything could not be drawn."""
    failed = [(run.stage, name, error) for run in undrawn for name, error in run.undrawn.items()]
    if failed:
        what = "; ".join(f"{stage}: {name}: {error}" for stage, name, error in failed)
        raise DrawingError(
            f"{what}; all data and all other pictures are there, and the same command draws again"
        ) from failed[0][2]
