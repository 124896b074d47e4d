"""``kedro repro``."""

from __future__ import annotations

import click

from dermaflow.cli.options import IfRunning, env_option, if_running_option, skipping
from dermaflow.cli.scheduled_command import ScheduledCommand
from dermaflow.schema import DEFAULT_ENVIRONMENT


@click.command("repro", cls=ScheduledCommand, context_settings={"ignore_unknown_options": True})
@env_option
@if_running_option
@click.argument("dvc_arguments", nargs=-1, type=click.UNPROCESSED)
def repro(env: str | None, if_running: IfRunning, dvc_arguments: tuple[str, ...]) -> None:
    """Run `dvc repro` with all its stages in one MLflow run.

    DVC_ARGUMENTS go to `dvc repro`: --force, --dry, a stage.
    """
    from pathlib import Path

    from dermaflow.tracking.repro_run import reproduce

    with skipping(if_running == "skip"):
        reproduce(Path.cwd(), env or DEFAULT_ENVIRONMENT, dvc_arguments, if_running)
