"""``kedro bench``."""

from __future__ import annotations

from pathlib import Path

import click

from dermaflow.cli.command import ProjectCommand
from dermaflow.cli.options import env_option
from dermaflow.schema import DEFAULT_ENVIRONMENT


@click.command("bench", cls=ProjectCommand)
@env_option
def bench(env: str | None) -> None:
    """Time the stages beside bare torch, Pillow and Kedro."""
    from kedro.framework.session import KedroSession

    from dermaflow.bench.run import run_bench

    context = KedroSession.create(Path.cwd(), env=env).load_context()
    for line in run_bench(context.project_path, env or DEFAULT_ENVIRONMENT, context.config_loader):
        click.echo(line)
