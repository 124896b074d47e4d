"""Kedro hooks: wiring only, of ``params.check``, ``tracking`` and ``versioning``."""

from __future__ import annotations

import logging
import os
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from kedro.framework.hooks import hook_impl
from kedro.utils import find_kedro_project

from dermaflow.errors import ParameterError
from dermaflow.io.nameless_user import settle_user
from dermaflow.io.processors import settle_threads
from dermaflow.io.redaction import hide_secrets_in_logs
from dermaflow.schema import DEFAULT_ENVIRONMENT, JOB_ID

if TYPE_CHECKING:
    from kedro.config import OmegaConfigLoader
    from kedro.framework.context import KedroContext
    from kedro.io import DataCatalog
    from kedro.pipeline import Pipeline

    from dermaflow.tracking.tracker import Tracker
    from dermaflow.versioning.stages.workspace import Workspace

# MLflow, DVC and Kedro report to their makers unless told not to. MLflow sets up its own logging
# when imported, so that only its own variables keep it from filling the screen; and it would put
# the project's lock file, with all that training needs, into the folder of a model.
for variable, value in {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DVC_NO_ANALYTICS": "true",
    "KEDRO_DISABLE_TELEMETRY": "true",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_UV_AUTO_DETECT": "false",
}.items():
    os.environ.setdefault(variable, value)
settle_threads()
settle_user((find_kedro_project(Path.cwd()) or Path.cwd()) / "logs/home")
hide_secrets_in_logs()

logger = logging.getLogger(__name__)


class ParameterHook:
    """Refuses wrong parameters before any work is done."""

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        """Check everything under ``parameters``.

        Raises:
            ParameterError: one is wrong, or the code that runs is not the project's.
        """
        from dermaflow.params.check import check_parameters
        from dermaflow.versioning.stages.stage_dependencies import require_own_code

        require_own_code(context.project_path)
        loader = cast("OmegaConfigLoader", context.config_loader)
        folders = [Path(loader.conf_source) / env for env in (loader.env, loader.base_env) if env]
        check_parameters(loader["parameters"], folders, loader.runtime_params)


class TrackingHook:
    """Opens one MLflow run a ``kedro run`` and logs outputs as the catalog's metadata says."""

    def __init__(self) -> None:
        self._context: KedroContext | None = None
        self._workspace: Workspace | None = None
        self._tracker: Tracker | None = None

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        """Keep the context; MLflow is imported only when a node runs."""
        self._context = context

    @hook_impl
    def after_catalog_created(self, catalog: DataCatalog) -> None:
        """Tell the catalog where the project is, and where runs are kept.

        A model must be registered anew in another store.
        """
        from kedro.io import MemoryDataset

        from dermaflow.tracking.tracking_config import TrackingConfig
        from dermaflow.versioning.stages.workspace import PROJECT_PATH, TRACKING_URI

        assert self._context is not None
        config = TrackingConfig.read(self._context.config_loader)
        # The address goes on record, and so without its secrets.
        values = {PROJECT_PATH: self._context.project_path, TRACKING_URI: config.shown_uri}
        for name, value in values.items():
            catalog[name] = MemoryDataset(value)

    @hook_impl
    def before_pipeline_run(
        self, run_params: dict[str, Any], pipeline: Pipeline, catalog: DataCatalog
    ) -> None:
        """Keep what the run is about; the workspace is of the run before."""
        self._about = (run_params, pipeline, catalog)
        self._workspace = None

    @hook_impl
    def before_stages_run(self, workspace: Workspace) -> None:
        """Keep the state of the stages."""
        self._workspace = workspace

    @hook_impl
    def is_stage_asked(self, stage: str, outputs: dict[str, Path]) -> bool | None:
        """Whether a version is to be registered: a part of a run makes none unasked."""
        if stage != "register":
            return None
        from dermaflow.tracking.run_scope import asks_for

        return asks_for(stage, self._about[0], outputs)

    @hook_impl
    def before_stage_run(self, part: str) -> None:
        """Open the run, with its parameters and tags."""
        if self._tracker is None:
            self._tracker = self._make_tracker(*self._about, part)
            self._tracker.open()

    @hook_impl
    def are_outputs_true(self, stage: str, outputs: dict[str, Path]) -> bool | None:
        """Whether the version that was registered is still in the registry."""
        if stage != "register":
            return None
        from dermaflow.registry.look_up_version import is_registered
        from dermaflow.tracking.tracking_config import TrackingConfig

        assert self._context is not None
        config = TrackingConfig.read(self._context.config_loader)
        return is_registered(config.resolve(self._context.project_path), outputs["registration"])

    @hook_impl
    def after_stage_run(self, stage: str, outputs: dict[str, Path]) -> None:
        """Log what the catalog marks with ``metadata.mlflow``."""
        if self._tracker:
            self._tracker.log_stage(stage, outputs)

    @hook_impl
    def on_stage_error(self, outputs: dict[str, Path]) -> None:
        """Log the reports of a stage that failed."""
        if self._tracker:
            self._tracker.log_failed_stage(outputs)

    @hook_impl
    def after_pipeline_run(self) -> None:
        """Close the run as finished."""
        if self._tracker:
            self._tracker.finish()
            self._tracker = None

    @hook_impl
    def on_pipeline_error(self, error: Exception) -> None:
        """Close the run as failed; say why in one of several processes that was not joined yet."""
        self._join_late()
        if self._tracker:
            self._tracker.fail(error)
            self._tracker = None

    @hook_impl
    def on_pipeline_interrupt(self, error: BaseException) -> None:
        """Close the run as killed."""
        if self._tracker:
            self._tracker.fail(error, "KILLED")
            self._tracker = None

    def _join_late(self) -> None:
        """Join the run of a job, or of ``kedro repro``, if the stage failed before it began."""
        shared = JOB_ID in os.environ or "MLFLOW_RUN_ID" in os.environ
        if self._tracker is None and self._workspace and shared:
            from dermaflow.tracking.outage import unheard

            with unheard("Why the stage failed"):
                self.before_stage_run(part="")

    def _make_tracker(
        self, run_params: dict[str, Any], pipeline: Pipeline, catalog: DataCatalog, part: str
    ) -> Tracker:
        from dermaflow.tracking.run_description import OVERRIDES
        from dermaflow.tracking.run_scope import name_run
        from dermaflow.tracking.run_tags import origin_tags
        from dermaflow.tracking.tracked_run import flatten
        from dermaflow.tracking.tracker import Tracker
        from dermaflow.tracking.tracking_config import TrackingConfig

        assert self._context is not None
        assert self._workspace is not None
        project_path, loader = self._context.project_path, self._context.config_loader
        env = run_params["env"] or DEFAULT_ENVIRONMENT
        changes = flatten(run_params["runtime_params"] or {})
        overrides = ", ".join(f"{key}={value}" for key, value in changes.items())
        return Tracker(
            project_path=project_path,
            env=env,
            config=TrackingConfig.read(loader).resolve(project_path),
            workspace=self._workspace,
            # No stage reads the floors of promotion: they are asked later, of any run.
            parameters={k: v for k, v in loader["parameters"].items() if k != "promote"},
            name=name_run(env, run_params, part),
            tags=origin_tags(project_path, env) | ({OVERRIDES: overrides} if overrides else {}),
            requested=pipeline.datasets(),
        )


class RunnerHook:
    """Refuses runners other than the project's own, and lets a run's locks go when all is done."""

    def __init__(self) -> None:
        self._workspace: Workspace | None = None

    @hook_impl
    def before_pipeline_run(self) -> None:
        """Nothing is known of the runner yet."""
        self._workspace = None

    @hook_impl
    def before_stages_run(self, workspace: Workspace) -> None:
        """The project's runner has begun."""
        self._workspace = workspace

    @hook_impl
    def before_dataset_loaded(self) -> None:
        """Raise ParameterError where another runner is about to load a node's input."""
        if self._workspace is None:
            raise ParameterError(
                "only the project's own runner knows what is unchanged, keeps the last good "
                "outputs and logs to MLflow: `kedro run` takes it by itself, without --runner; "
                "`session.run` wants runner=StageRunner() of dermaflow.versioning.stages.runner"
            )

    @hook_impl(wrapper=True)
    def after_pipeline_run(self) -> Generator[None, list[None], list[None]]:
        """Let the locks go, whatever the others' hooks come to."""
        return (yield from self._release())

    @hook_impl(wrapper=True)
    def on_pipeline_error(self) -> Generator[None, list[None], list[None]]:
        """Let the locks go."""
        return (yield from self._release())

    @hook_impl(wrapper=True)
    def on_pipeline_interrupt(self) -> Generator[None, list[None], list[None]]:
        """Let the locks go."""
        return (yield from self._release())

    def _release(self) -> Generator[None, list[None], list[None]]:
        try:
            return (yield)
        finally:
            if self._workspace:
                self._workspace.locks.release()


class VersioningHook:
    """Tells DVC what ``kedro run`` made. Where DVC runs the stage itself, it sees to that."""

    def __init__(self) -> None:
        self._env = DEFAULT_ENVIRONMENT
        self._workspace: Workspace | None = None

    @hook_impl
    def before_pipeline_run(self, run_params: dict[str, Any]) -> None:
        """Keep the environment; the workspace is of the run before."""
        self._env = run_params["env"] or DEFAULT_ENVIRONMENT
        self._workspace = None

    @hook_impl
    def before_stages_run(self, workspace: Workspace) -> None:
        """Keep the state of the stages. Raises VersioningError where DVC could keep nothing."""
        from dermaflow.versioning.dvc.commit import DvcCommit

        DvcCommit(workspace, self._env).require_place()
        self._workspace = workspace

    @hook_impl(trylast=True)
    def after_pipeline_run(self) -> None:
        """Commit what is new. Raises VersioningError."""
        self._commit()

    @hook_impl(trylast=True)
    def on_pipeline_error(self) -> None:
        """Commit the stages that ran before the one that failed, whose error is the one to show."""
        try:
            self._commit()
        except Exception as error:
            logger.warning("What ran before is not committed to DVC: %s", error)
            logger.debug("Not committed", exc_info=error)

    @hook_impl(trylast=True)
    def on_pipeline_interrupt(self) -> None:
        """Commit the stages that ran before."""
        self.on_pipeline_error()

    def _commit(self) -> None:
        from dermaflow.versioning.dvc.commit import DvcCommit
        from dermaflow.versioning.dvc.dvc_stage import is_dvc_stage

        # A run that was refused has looked at nothing.
        if self._workspace and not is_dvc_stage(self._workspace.project_path):
            DvcCommit(self._workspace, self._env).commit()
