"""``kedro repro``."""

from __future__ import annotations

import click

from dermaflow.cli.options import env_option
from dermaflow.cli.project_command import ResumableCommand
from dermaflow.schema import DEFAULT_ENVIRONMENT


@click.command("repro", cls=ResumableCommand, context_settings={"ignore_unknown_options": True})
@env_option
@click.argument("dvc_arguments", nargs=-1, type=click.UNPROCESSED)
def repro(env: str | None, dvc_arguments: tuple[str, ...]) -> None:
    """Run `dvc repro` with all its stages in one MLflow run.

    DVC_ARGUMENTS go to `dvc repro`: --force, --dry, a stage.
    """
    from pathlib import Path

    from dermaflow.tracking.repro_run import reproduce

    reproduce(Path.cwd(), env or DEFAULT_ENVIRONMENT, dvc_arguments)
