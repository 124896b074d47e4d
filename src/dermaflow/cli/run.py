"""``kedro run``: Kedro's own, but for its runner."""

from __future__ import annotations

from typing import Any

import click
from kedro.framework.cli.project import run as kedro_run

from dermaflow.cli.command import ProjectCommand

RUNNER = "dermaflow.runner.StageRunner"


def _run(force: bool, **options: Any) -> Any:
    assert kedro_run.callback is not None
    if options["runner"] is None:
        options["runner"] = RUNNER
        options["runner_params"] = {**options["runner_params"], "force": force}
    elif force:
        raise click.UsageError("--force goes with the project's own runner, not with --runner")
    return kedro_run.callback(**options)


run = ProjectCommand(
    "run",
    callback=_run,
    params=[
        click.Option(["--force"], is_flag=True, help="Run unchanged stages too."),
        *kedro_run.params,
    ],
    help="Run the pipeline: the stages whose inputs, parameters or code changed.",
)
