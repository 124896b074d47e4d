"""``dvc repro`` with all its stages in one MLflow run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from mlflow import MlflowClient

from dermaflow.errors import DrawingError, VersioningError
from dermaflow.schema import DRAWINGS, STAGES
from dermaflow.tracking.outage import unheard
from dermaflow.tracking.run_tags import origin_tags
from dermaflow.tracking.tracked_run import TrackedRun
from dermaflow.tracking.tracking_config import TrackingConfig
from dermaflow.versioning.dvc.internals import keep_site_cache
from dermaflow.versioning.dvc.stage_file import dvc_path, read_conf_files
from dermaflow.versioning.git import git_environment


def reproduce(project_path: Path, env: str, arguments: Sequence[str]) -> None:
    """Run ``dvc repro`` for an environment; a run in which nothing changed is not kept.

    Args:
        project_path: root of the project.
        env: the environment.
        arguments: for ``dvc repro``, on top of the environment's file.

    Raises:
        VersioningError: the environment has no ``dvc.yaml``, or ``dvc repro`` failed; what the
            failed stage said of it is in the text.
    """
    file = dvc_path(project_path, env)
    if not file.exists():
        raise VersioningError(f"there is no {file.relative_to(project_path)}: `kedro dvc-yaml`")
    keep_site_cache(project_path)
    conf = read_conf_files(project_path, env)
    config = TrackingConfig.read(conf).resolve(project_path)
    # The stages watch the machine, each for its own time.
    quiet = config.model_copy(update={"system_metrics_interval": 0})
    marker = project_path / conf["globals"]["data"] / "open_repro.json"
    run = TrackedRun(quiet, f"{env}: repro", origin_tags(project_path, env), marker)
    try:
        code = _repro_all(project_path, file, arguments, run.run_id)
    except BaseException:
        with unheard("The run's status"):
            run.close("KILLED")
        raise
    if code:
        raise VersioningError(f"dvc repro: {_close_failed(run)}")
    run.describe()
    run.close("FINISHED")
    client = MlflowClient()
    if "stages" not in client.get_run(run.run_id).data.tags and not run.joined:
        client.delete_run(run.run_id)


def _close_failed(run: TrackedRun) -> str:
    """Close the run; what its failed stage said."""
    said = "failed; the lines above say why"
    with unheard("The run's end"):
        said = MlflowClient().get_run(run.run_id).data.tags.get("error", said)
        run.describe()
    with unheard("The run's status"):
        run.close("FAILED")
    return said


def _repro_all(project_path: Path, file: Path, arguments: Sequence[str], run_id: str) -> int:
    """Run ``dvc repro``, and go on where a picture could not be drawn: it stops no stage.

    DVC's own ``--keep-going`` would also go on after Ctrl-C, and register a model that nobody
    could explain.
    """
    name = str(file.relative_to(project_path))
    if any(not argument.startswith("-") for argument in arguments):  # stages of the user's choice
        return _repro(project_path, arguments, run_id)
    code = _repro(project_path, [*arguments, name], run_id)
    if not code or not _could_not_draw(run_id):
        return code
    options = [argument for argument in arguments if argument not in ("-f", "--force")]
    if _repro(project_path, [*options, *(f"{name}:{stage}" for stage in STAGES)], run_id) == 0:
        for drawing in (DRAWINGS[stage] for stage in STAGES if stage in DRAWINGS):
            _repro(project_path, [*options, f"{name}:{drawing}"], run_id)
    return code


def _could_not_draw(run_id: str) -> bool:
    error: str = MlflowClient().get_run(run_id).data.tags.get("error", "")
    return error.startswith(DrawingError.__name__)


def _repro(project_path: Path, arguments: Sequence[str], run_id: str) -> int:
    # DVC runs `kedro` by its name.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    command = [sys.executable, "-m", "dermaflow.versioning.dvc.dvc_main", "repro", *arguments]
    environment = git_environment() | {"PATH": path, "MLFLOW_RUN_ID": run_id}
    # A session of its own, so that an interrupt, whoever sends it and how, reaches the stage once;
    # a shell's background job would pass on to it that it ignores them.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    with subprocess.Popen(
        command, cwd=project_path, env=environment, start_new_session=True
    ) as process:
        signal.signal(signal.SIGINT, before)
        try:
            return process.wait()
        except BaseException:
            os.killpg(process.pid, signal.SIGINT)
            process.wait()  # DVC waits for its stage, which ends its own part of the run
            raise
