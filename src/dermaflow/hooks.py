"""Kedro hooks: wiring only. What they call lives in ``parameters`` checks and ``tracking``."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from kedro.framework.hooks import hook_impl

from dermaflow.schema import STAGES

if TYPE_CHECKING:
    from kedro.config import OmegaConfigLoader
    from kedro.framework.context import KedroContext
    from kedro.io import DataCatalog

    from dermaflow.tracking.run import TrackedRun

# MLflow and DVC report to their makers unless told not to. MLflow sets up its own logging when
# imported, so that only its own variables keep it from filling the screen; and it would put the
# project's lock file, with all that training needs, into the folder of a model.
for variable, value in {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DVC_NO_ANALYTICS": "true",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_UV_AUTO_DETECT": "false",
}.items():
    os.environ.setdefault(variable, value)


def _in_order(names: list[str] | None) -> list[str]:
    """Pipeline names in the order of the data; Kedro gives them in none."""
    known = [name for name in STAGES if name in (names or ())]
    return known + sorted(set(names or ()) - set(STAGES))


class ParameterHook:
    """Refuses wrong parameters before any work is done."""

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        """Check everything under ``parameters``. Raises ParameterError."""
        from dermaflow.params_check import check_parameters

        loader = cast("OmegaConfigLoader", context.config_loader)
        folders = [Path(loader.conf_source) / env for env in (loader.env, loader.base_env) if env]
        check_parameters(loader["parameters"], folders)


class TrackingHook:
    """Opens one MLflow run a ``kedro run`` and logs outputs as the catalog's metadata says."""

    def __init__(self) -> None:
        self._context: KedroContext | None = None
        self._run: TrackedRun | None = None
        self._catalog: DataCatalog | None = None

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        """Keep the context; MLflow is imported only when a pipeline runs."""
        self._context = context

    @hook_impl
    def before_pipeline_run(self, run_params: dict[str, Any], catalog: DataCatalog) -> None:
        """Open the run, with its parameters and tags."""
        from dermaflow.tracking.config import TrackingConfig
        from dermaflow.tracking.run import TrackedRun
        from dermaflow.tracking.versions import code_version

        assert self._context is not None
        loader = self._context.config_loader
        config = TrackingConfig(**loader["mlflow"]).resolve(self._context.project_path)
        stages = "+".join(_in_order(run_params["pipeline_names"])) or "all"
        env = run_params["env"] or "base"
        commit, dirty = code_version(self._context.project_path)
        tags = {
            "env": env,
            "stages": stages,
            "command": " ".join(["kedro", *sys.argv[1:]]),
            "mlflow.source.git.commit": commit or "none",
            "git_dirty": str(dirty).lower(),
        }
        self._catalog = catalog
        self._run = TrackedRun(config, f"{env}: {stages}", tags)
        self._run.log_parameters(loader["parameters"])

    @hook_impl
    def after_dataset_saved(self, dataset_name: str) -> None:
        """Log what the catalog marks with ``metadata.mlflow``."""
        assert self._catalog is not None
        dataset: Any = self._catalog.get(dataset_name)
        rule = (getattr(dataset, "metadata", None) or {}).get("mlflow")
        if rule and self._run:
            self._run.log_output(Path(dataset._filepath), rule)

    @hook_impl
    def after_pipeline_run(self) -> None:
        """Close the run as finished."""
        self._close("FINISHED")

    @hook_impl
    def on_pipeline_error(self) -> None:
        """Close the run as failed."""
        self._close("FAILED")

    def _close(self, status: str) -> None:
        if self._run:
            self._run.close(status)
            self._run = None
