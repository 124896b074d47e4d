"""The runner of ``kedro run``: stage by stage, and no work twice."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from kedro.framework.project import pipelines
from kedro.io import DataCatalog
from kedro.pipeline import Pipeline
from kedro.pipeline.node import Node
from kedro.runner import SequentialRunner
from kedro.utils import find_kedro_project

from dermaflow.schema import ALL_STAGES
from dermaflow.versioning.stages.fingerprint import hash_path
from dermaflow.versioning.stages.hook_specs import StageSpecs
from dermaflow.versioning.stages.input_check import InputCheck, refuse_damaged_cache
from dermaflow.versioning.stages.stage_records import StageRecord
from dermaflow.versioning.stages.workspace import Workspace
from dermaflow.versioning.stages.written_aside import (
    aside,
    clear,
    keep_apart,
    put_in_place,
    written_aside,
)

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
        self._force = force or "DVC_STAGE" in os.environ

    def _run(
        self,
        pipeline: Pipeline,
        catalog: Any,
        hook_manager: Any = None,
        run_id: str | None = None,
    ) -> None:
        workspace = Workspace(find_kedro_project(Path.cwd()) or Path.cwd(), catalog)
        inputs = InputCheck(workspace)
        hook_manager.add_hookspecs(StageSpecs)
        try:
            for stage, part in by_stage(pipeline):
                with workspace.records.lock(stage):
                    self._recover(workspace, stage)
                    now = workspace.now(stage)
                    whole = set(part.nodes) == set(pipelines[stage].nodes)
                    if whole and not self._force and workspace.is_unchanged(stage, now):
                        logger.info("%s: unchanged, skipped", stage)
                        continue
                    reason = workspace.reasons(stage, now) if whole else "in part, as asked"
                    logger.info("%s: %s", stage, "forced" if self._force else reason)
                    refuse_damaged_cache(workspace, stage, now)
                    inputs.check(stage)
                    now = workspace.now(stage)  # of what the check has seen
                    for folder in workspace.working_folders(stage):
                        folder.made_from = now.made_from
                    made = self._run_stage(workspace, stage, part, catalog, hook_manager, run_id)
                    _keep(workspace, stage, now, made, whole)
                    for folder in workspace.working_folders(stage):
                        folder.clear()
                    inputs.trust(made.values())
                hook_manager.hook.after_stage_run(stage=stage, outputs=made)
        except (KeyboardInterrupt, SystemExit) as interrupt:
            hook_manager.hook.on_pipeline_interrupt(error=interrupt)
            raise
        finally:
            workspace.hashes.save()

    def _run_stage(
        self,
        workspace: Workspace,
        stage: str,
        part: Pipeline,
        catalog: DataCatalog,
        hook_manager: Any,
        run_id: str | None,
    ) -> dict[str, Path]:
        """Run the nodes with their outputs aside; returns dataset -> place of the outputs."""
        outputs = {name for node in part.nodes for name in node.outputs}
        places = {
            name: workspace.project_path / path
            for name, path in workspace.stage(stage).outputs.items()
            if name in outputs
        }
        shutil.rmtree(workspace.failed_folder(stage), ignore_errors=True)
        self._done: set[Node] = set()
        try:
            with written_aside(catalog, places, stage):
                super()._run(part, catalog, hook_manager, run_id)
        except BaseException as error:
            if isinstance(error, Exception):
                done = {name for node in self._done for name in node.outputs}
                finished = {name: path for name, path in places.items() if name in done}
                kept = keep_apart(finished, stage, workspace.failed_folder(stage))
                hook_manager.hook.on_stage_error(stage=stage, outputs=kept)
            clear(places.values(), stage)
            raise
        return places

    @property
    def _logger(self) -> logging.Logger:
        """Kedro's own, so that the same rules of ``conf/logging.yml`` hold for its messages."""
        return logging.getLogger(SequentialRunner.__module__)

    def _suggest_resume_scenario(
        self, pipeline: Pipeline, done_nodes: Iterable[Node], catalog: Any
    ) -> None:
        """Say nothing of ``--from-nodes``: the same command goes on where this one stopped."""
        self._done = set(done_nodes)

    @staticmethod
    def _recover(workspace: Workspace, stage: str) -> None:
        """Finish or undo what a killed process left of the stage."""
        paths = [workspace.project_path / path for path in workspace.stage(stage).outputs.values()]
        record = workspace.records.announced(stage)
        if record:
            logger.info("%s: putting the outputs of an interrupted run in place", stage)
            made = {workspace.project_path / path: value for path, value in record.outs.items()}
            put_in_place([path for path in made if hash_path(path) != made[path]], stage)
            workspace.records.settle(stage)
        clear(paths, stage)


def by_stage(pipeline: Pipeline) -> Iterator[tuple[str, Pipeline]]:
    """The parts of a pipeline that belong to each stage, in the order of the stages."""
    for stage in ALL_STAGES:
        part = pipeline.only_nodes_with_tags(stage)
        if part.nodes:
            yield stage, part


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
    workspace.records.settle(stage)
    for path, value in made.items():
        workspace.hashes.know(workspace.project_path / path, value)
    workspace.hashes.save()
