"""``kedro run``: Kedro's own, but for its runner and for what it says of wrong names."""

from __future__ import annotations

from copy import copy
from pathlib import Path
from typing import Any

import click
from kedro.framework.cli.project import run as kedro_run

from dermaflow.cli.lead_nodes import leading_nodes
from dermaflow.cli.options import IfRunning, if_running_option, known_environment, skipping
from dermaflow.cli.project_command import ResumableCommand
from dermaflow.schema import ALL_STAGES, EXTRAS, pipeline_of
from dermaflow.versioning.dvc.dvc_stage import is_dvc_stage

RUNNER = "dermaflow.versioning.stages.runner.StageRunner"


def _run(force: bool, if_running: IfRunning, **options: Any) -> Any:
    assert kedro_run.callback is not None
    _refuse_unknown([*options["pipelines"], *filter(None, [options["pipeline"]])])
    if options["runner"] is None:
        options["runner"] = RUNNER
        own = {"force": force, "if_running": if_running}
        options["runner_params"] = {**options["runner_params"], **own}
    elif force:
        raise click.UsageError("--force goes with the project's own runner, not with --runner")
    # DVC would take a stage that did nothing for one that ran.
    skip = if_running == "skip" and not is_dvc_stage(Path.cwd())
    with leading_nodes(options["env"], options["params"]), skipping(skip):
        return kedro_run.callback(**options)


def _refuse_unknown(pipelines: list[str]) -> None:
    known = dict.fromkeys((*map(pipeline_of, ALL_STAGES), *EXTRAS, "__default__"))
    for name in pipelines:
        if name not in known:
            raise click.UsageError(f"there is no pipeline {name!r}; there are {', '.join(known)}")


def _options() -> list[click.Parameter]:
    """Kedro's options, with a check of the environment, and ours."""
    force = click.Option(["--force"], is_flag=True, help="Run unchanged stages too.")
    env = click.Option(
        ["--env", "-e"], callback=known_environment, help="Environment: a folder of conf/."
    )
    others = [copy(option) for option in kedro_run.params if option.name != "env"]
    for option in others:
        option.is_eager = option.name == "conf_source"  # the check of the environment looks there
    return [force, env, *others]


run = ResumableCommand(
    "run",
    callback=_run,
    params=_options(),
    help="Run the pipeline: the stages whose inputs, parameters or code changed.",
)
if_running_option(run)
