"""``kedro bench``."""

from __future__ import annotations

from pathlib import Path

import click
from kedro.framework.cli.utils import env_option

from dermaflow.cli.command import ProjectCommand


@click.command("bench", cls=ProjectCommand)
@env_option
def bench(env: str | None) -> None:
    """Time the stages beside bare torch, Pillow and Kedro."""
    from kedro.framework.session import KedroSession

    from dermaflow.bench.run import run_bench

    context = KedroSession.create(Path.cwd(), env=env).load_context()
    for line in run_bench(context.project_path, env or "base", context.config_loader):
        click.echo(line)
