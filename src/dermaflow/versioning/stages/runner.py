"""The runner of ``kedro run``: stage by stage, and no work twice."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import chdir
from typing import Any

from kedro.pipeline import Pipeline
from kedro.runner import SequentialRunner

from dermaflow.errors import ParameterError
from dermaflow.schema import ALL_STAGES
from dermaflow.versioning.dvc.dvc_stage import is_dvc_stage
from dermaflow.versioning.stages.hook_specs import StageSpecs
from dermaflow.versioning.stages.stage_run import KedroRun
from dermaflow.versioning.stages.stages_of_run import StagesOfRun
from dermaflow.versioning.stages.workspace import PROJECT_PATH, Workspace

logger = logging.getLogger(__name__)


class StageRunner(SequentialRunner):
    """Skips a stage whose inputs, parameters and code are those its outputs were made from.

    A stage's outputs replace the old ones together, once all of them are whole. Where DVC runs the
    stage, DVC has decided already that it must run.

    Args:
        is_async: see Kedro.
        force: run every stage.
        if_running: what to do while another run has a stage that this one needs: ``wait`` until
            it has ended, else raise RunningError.
    """

    def __init__(
        self, is_async: bool = False, force: bool = False, if_running: str = "fail"
    ) -> None:
        super().__init__(is_async)
        self._asynchronous = is_async
        self._force = force
        self._wait = if_running == "wait"

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
            BusyError: another run has a stage that this one needs, or a file was replaced.
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
        workspace = Workspace(catalog.load(PROJECT_PATH), catalog)
        kedro = KedroRun(hook_manager, run_id, self._asynchronous)
        stages = self._stages(kedro, workspace, dict(asked_for(kedro, workspace, pipeline)))
        with chdir(workspace.project_path):  # parameters name files from there
            workspace.locks.acquire(stages.needed, self._wait)
            stages.require_same_code()
            hook_manager.hook.before_stages_run(workspace=workspace)
            try:
                stages.run()
            except (KeyboardInterrupt, SystemExit) as interrupt:
                hook_manager.hook.on_pipeline_interrupt(error=interrupt)
                raise
            finally:
                workspace.hashes.save()
        return {name: catalog[name] for name in pipeline.outputs()}

    def _stages(
        self, kedro: KedroRun, workspace: Workspace, parts: Mapping[str, Pipeline]
    ) -> StagesOfRun:
        """What the run consists of; see ``StagesOfRun``."""
        forced = self._force or is_dvc_stage(workspace.project_path)
        return StagesOfRun(kedro, workspace, parts, forced)


def asked_for(
    kedro: KedroRun, workspace: Workspace, pipeline: Pipeline
) -> Iterator[tuple[str, Pipeline]]:
    """Those of ``by_stage`` that no hook leaves out."""
    for stage, part in by_stage(pipeline):
        ask = kedro.hook_manager.hook.is_stage_asked
        if False in ask(stage=stage, outputs=workspace.outputs(stage)):
            logger.info("%s: left out of a part of a run; `--pipelines %s` runs it", stage, stage)
        else:
            yield stage, part


def by_stage(pipeline: Pipeline) -> Iterator[tuple[str, Pipeline]]:
    """The parts of a pipeline that belong to each stage, in the order of the stages."""
    for stage in ALL_STAGES:
        part = pipeline.only_nodes_with_tags(stage)
        if part.nodes:
            yield stage, part
