"""``dvc repro`` with all its stages in one MLflow run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from mlflow import MlflowClient

from dermaflow.errors import DermaflowError, DrawingError, VersioningError
from dermaflow.schema import STAGES, with_drawings
from dermaflow.tracking.outage import unheard
from dermaflow.tracking.run_tags import origin_tags
from dermaflow.tracking.tracked_run import TrackedRun
from dermaflow.tracking.tracking_config import TrackingConfig
from dermaflow.versioning.dvc.repro_command import DvcRepro
from dermaflow.versioning.dvc.stage_file import dvc_path, read_conf_files
from dermaflow.versioning.stages.lock_keeper import keep_locks
from dermaflow.versioning.stages.stage_locks import StageLocks


def reproduce(
    project_path: Path, env: str, arguments: Sequence[str], if_running: str = "fail"
) -> None:
    """Run ``dvc repro`` for an environment; a run in which nothing changed is not kept.

    Nobody else writes a stage of the chain meanwhile.

    Args:
        project_path: root of the project.
        env: the environment.
        arguments: for ``dvc repro``, on top of the environment's file.
        if_running: what to do while another run writes a stage of the chain: ``wait`` until it
            has ended, else raise RunningError.

    Raises:
        DermaflowError: of the kind that ended a stage.
        RunningError: another run writes a stage; nothing has been done.
        VersioningError: the environment has no ``dvc.yaml``, or ``dvc repro`` itself failed.
    """
    file = dvc_path(project_path, env)
    if not file.exists():
        raise VersioningError(f"there is no {file.relative_to(project_path)}: `kedro dvc-yaml`")
    conf = read_conf_files(project_path, env)
    config = TrackingConfig.read(conf).resolve(project_path)
    # The stages watch the machine, each for its own time.
    quiet = config.model_copy(update={"system_metrics_interval": 0})
    notes = project_path / conf["globals"]["data"] / "open_repros"
    locks = StageLocks.of(project_path, env)
    wait = if_running == "wait"
    locks.acquire(lambda: dict.fromkeys(with_drawings(STAGES), False), wait)
    try:
        with keep_locks(locks.by_file) as variables:
            run = TrackedRun(quiet, f"{env}: repro", origin_tags(project_path, env), notes)
            variables["MLFLOW_RUN_ID"] = run.run_id
            variables["DERMAFLOW_IF_RUNNING"] = "wait" if wait else "fail"
            _run_and_close(run, DvcRepro(project_path, file, variables), arguments)
    finally:
        locks.release()


def _run_and_close(run: TrackedRun, repro: DvcRepro, arguments: Sequence[str]) -> None:
    try:
        code = repro.run_all(arguments, lambda: _error_of(run).startswith(DrawingError.__name__))
    except BaseException as error:
        with unheard("The run's end"):
            run.set_tags({"error": f"{type(error).__name__}: {error}"})  # over a stage's own
        with unheard("The run's status"):
            run.close("KILLED")
        raise
    if code:
        raise _close_failed(run)
    run.describe()
    run.close("FINISHED")
    client = MlflowClient()
    if "stages" not in client.get_run(run.run_id).data.tags and not run.joined:
        client.delete_run(run.run_id)


def _error_of(run: TrackedRun) -> str:
    error: str = MlflowClient().get_run(run.run_id).data.tags.get("error", "")
    return error


def _close_failed(run: TrackedRun) -> DermaflowError:
    """Close the run; the error of its failed stage, of the same kind."""
    said = ""
    with unheard("The run's end"):
        said = _error_of(run)
        run.describe()
    with unheard("The run's status"):
        run.close("FAILED")
    kind, _, text = said.partition(": ")
    known = {error.__name__: error for error in _kinds_of(DermaflowError)}
    if kind in known:
        return known[kind](f"dvc repro: {text}")
    return VersioningError(f"dvc repro: {said or 'failed; the lines above say why'}")


def _kinds_of(kind: type[DermaflowError]) -> Iterator[type[DermaflowError]]:
    for error in kind.__subclasses__():
        yield error
        yield from _kinds_of(error)
