"""``kedro run``: Kedro's own, but for its runner and for what it says of wrong names."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from copy import copy
from pathlib import Path
from typing import Any

import click
from kedro.framework.cli.project import run as kedro_run

from dermaflow.cli.lead_nodes import leading_nodes
from dermaflow.cli.options import IfRunning, if_running_option, known_environment, skipping
from dermaflow.cli.scheduled_command import ScheduledCommand
from dermaflow.io.text import one_line
from dermaflow.schema import (
    ALL_STAGES,
    DEFAULT_ENVIRONMENT,
    EXTRAS,
    FOLDS_STAGE,
    JOB_REMOTE,
    pipeline_of,
)
from dermaflow.versioning.dvc.dvc_stage import is_dvc_stage

RUNNER = "dermaflow.versioning.stages.runner.StageRunner"
_NO_SUCH_PART = ("Pipeline does not contain", "Pipeline contains no nodes")  # Kedro's ValueError
FOLD_RUNNER = "dermaflow.experiments.crossval.fold_run.FoldRunner"


def _run(force: bool, fold: int | None, if_running: IfRunning, **options: Any) -> Any:
    assert kedro_run.callback is not None
    asked = [*options["pipelines"], *filter(None, [options["pipeline"]])]
    _refuse_unknown(asked)
    if fold is not None and (asked != [FOLDS_STAGE] or force or options["runner"]):
        raise click.UsageError(
            f"--fold goes with `--pipelines {FOLDS_STAGE}`, without --force and --runner"
        )
    if options["runner"] is None:
        options["runner"] = FOLD_RUNNER if fold else RUNNER
        own = {"fold": fold} if fold else {"force": force}
        options["runner_params"] = {**options["runner_params"], **own, "if_running": if_running}
    elif force:
        raise click.UsageError("--force goes with the project's own runner, not with --runner")
    # DVC would take a stage that did nothing for one that ran.
    skips = skipping(if_running == "skip" and not is_dvc_stage(Path.cwd()))
    exchanges = _exchanging(options["env"] or DEFAULT_ENVIRONMENT)
    with leading_nodes(options["env"], options["params"]), skips, exchanges, _naming_parts():
        return kedro_run.callback(**options)


@contextmanager
def _naming_parts() -> Iterator[None]:
    """Refuse in one line a node, data set, tag or namespace that the pipeline does not have.

    Kedro suggests ``validate.draw_samples`` for ``draw_samples``.
    """
    try:
        yield
    except ValueError as error:
        if str(error).startswith(_NO_SUCH_PART):
            raise click.UsageError(one_line(str(error))) from error
        raise


def _exchanging(env: str) -> AbstractContextManager[None]:
    """Get the data of the job that the run belongs to, and bring there what it makes."""
    if JOB_REMOTE not in os.environ:
        return nullcontext()
    from dermaflow.tracking.job_data import exchanging

    return exchanging(Path.cwd(), env)


def _refuse_unknown(pipelines: list[str]) -> None:
    known = dict.fromkeys((*map(pipeline_of, ALL_STAGES), *EXTRAS, "__default__"))
    for name in pipelines:
        if name not in known:
            raise click.UsageError(f"there is no pipeline {name!r}; there are {', '.join(known)}")


def _options() -> list[click.Parameter]:
    """Kedro's options, with a check of the environment, and ours."""
    force = click.Option(["--force"], is_flag=True, help="Run unchanged stages too.")
    fold = click.Option(
        ["--fold"],
        type=click.IntRange(min=1),
        help=f"Train this fold of {FOLDS_STAGE} alone, beside others; the stage itself pools them.",
    )
    env = click.Option(
        ["--env", "-e"], callback=known_environment, help="Environment: a folder of conf/."
    )
    others = [copy(option) for option in kedro_run.params if option.name != "env"]
    for option in others:
        option.is_eager = option.name == "conf_source"  # the check of the environment looks there
    return [force, fold, env, *others]


run = ScheduledCommand(
    "run",
    callback=_run,
    params=_options(),
    help="Run the pipeline: the stages whose inputs, parameters or code changed.",
)
if_running_option(run)
