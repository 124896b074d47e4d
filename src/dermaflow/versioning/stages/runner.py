"""The runner of ``kedro run``: stage by stage, and no work twice."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from kedro.pipeline import Pipeline
from kedro.runner import SequentialRunner
from kedro.utils import find_kedro_project

from dermaflow.errors import DrawingError, ParameterError
from dermaflow.schema import ALL_STAGES, DRAWINGS
from dermaflow.versioning.stages.fingerprint import hash_path
from dermaflow.versioning.stages.hook_specs import StageSpecs
from dermaflow.versioning.stages.input_check import InputCheck, refuse_damaged_cache
from dermaflow.versioning.stages.stage_records import StageRecord
from dermaflow.versioning.stages.stage_run import KedroRun, StageRun
from dermaflow.versioning.stages.workspace import Workspace
from dermaflow.versioning.stages.written_aside import aside, clear, put_in_place

logger = logging.getLogger(__name__)


class StageRunner(SequentialRunner):
    """Skips a stage whose inputs, parameters and code are those its outputs were made from.

    A stage's outputs replace the old ones together, once all of them are whole. Where DVC runs the
    stage, DVC has decided already that it must run.

    Args:
        is_async: see Kedro.
        force: run every stage.
    """

    def __init__(self, is_async: bool = False, force: bool = False) -> None:
        super().__init__(is_async)
        self._asynchronous = is_async
        self._force = force or "DVC_STAGE" in os.environ

    def run(
        self,
        pipeline: Pipeline,
        catalog: Any,
        hook_manager: Any = None,
        run_id: str | None = None,
        only_missing_outputs: bool = False,
    ) -> dict[str, Any]:
        """Run the stages that must run.

        Returns:
            Dataset -> catalog entry, of the pipeline's outputs.

        Raises:
            DrawingError: all data are made, but a picture is not.
            ParameterError: ``only_missing_outputs`` is asked for.
            ValueError: there is no hook manager; ``KedroSession.run`` gives its own.
        """
        if hook_manager is None:
            raise ValueError("StageRunner needs a hook manager, such as that of KedroSession.run")
        if only_missing_outputs:
            raise ParameterError(
                "--only-missing-outputs: what is there may be of other data; without the option "
                "unchanged stages are skipped"
            )
        hook_manager.add_hookspecs(StageSpecs)
        workspace = Workspace(find_kedro_project(Path.cwd()) or Path.cwd(), catalog)
        hook_manager.hook.before_stages_run(workspace=workspace)
        kedro = KedroRun(hook_manager, run_id, self._asynchronous)
        inputs, undrawn = InputCheck(workspace), list[StageRun]()
        try:
            for stage, part in by_stage(pipeline):
                run = StageRun(kedro, workspace, stage, part)
                with workspace.records.lock(stage):
                    _recover(workspace, stage)
                    made = self._run_stage(run, inputs)
                if made is not None:
                    hook_manager.hook.after_stage_run(stage=stage, outputs=made)
                undrawn += [run] if run.undrawn else []
        except (KeyboardInterrupt, SystemExit) as interrupt:
            hook_manager.hook.on_pipeline_interrupt(error=interrupt)
            raise
        finally:
            workspace.hashes.save()
        _require_drawn(undrawn)
        return {name: catalog[name] for name in pipeline.outputs()}

    def _run_stage(self, run: StageRun, inputs: InputCheck) -> dict[str, Path] | None:
        """Run a stage and keep what it made: dataset -> place; None if it is unchanged."""
        workspace, stage = run.workspace, run.stage
        now = workspace.now(stage)
        whole = set(run.part.nodes) == set(workspace.nodes(stage).nodes)
        if whole and not self._force and workspace.is_unchanged(stage, now):
            level = logging.DEBUG if stage in DRAWINGS.values() else logging.INFO
            logger.log(level, "%s: unchanged, skipped", stage)
            return None
        reason = workspace.reasons(stage, now) if whole else "in part, as asked"
        logger.info("%s: %s", stage, "forced" if self._force else reason)
        refuse_damaged_cache(workspace, stage, now)
        inputs.check(stage)
        now = workspace.now(stage)  # of what the check has seen
        for folder in workspace.working_folders(stage):
            folder.made_from = now.made_from
        shutil.rmtree(workspace.failed_folder(stage), ignore_errors=True)
        made = run.run()
        if run.undrawn and not workspace.has_same_data(stage, now):
            _remove_undrawn(run, made)
        _keep(workspace, stage, now, made, whole and not run.undrawn)
        for folder in workspace.working_folders(stage):
            folder.clear()
        inputs.trust(made.values())
        return made


def by_stage(pipeline: Pipeline) -> Iterator[tuple[str, Pipeline]]:
    """The parts of a pipeline that belong to each stage, in the order of the stages."""
    for stage in ALL_STAGES:
        part = pipeline.only_nodes_with_tags(stage)
        if part.nodes:
            yield stage, part


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
    """Put the outputs in place, and on record unless it is unsure what they were made from."""
    made = {workspace.relative(path): hash_path(aside(path, stage)) for path in places.values()}
    sure = whole and workspace.now(stage).deps == before.deps
    if whole and not sure:
        logger.warning("%s: inputs or code changed while it ran; it will run again", stage)
    deps = before.deps if sure else dict.fromkeys(before.deps)
    workspace.records.announce(stage, replace(before, deps=deps, outs=made))
    put_in_place(places.values(), stage)
    clear(workspace.outputs(stage).values(), stage)
    workspace.records.settle(stage)
    for path, value in made.items():
        workspace.hashes.know(workspace.project_path / path, value)
    workspace.hashes.save()


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
