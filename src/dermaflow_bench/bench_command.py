"""``kedro bench``."""

from __future__ import annotations

from pathlib import Path

import click

from dermaflow.cli.options import env_option
from dermaflow.cli.project_command import ProjectCommand
from dermaflow.schema import DEFAULT_ENVIRONMENT


@click.command("bench", cls=ProjectCommand)
@env_option
@click.option(
    "--scale",
    type=click.IntRange(min=100),
    metavar="N",
    help="Instead, ingest N generated images and N/10: speed, memory, and what adding 1 % costs.",
)
@click.option(
    "--grid",
    type=click.Path(exists=True, file_okay=False, resolve_path=True, path_type=Path),
    metavar="FOLDER",
    help="Instead, the training over sizes, batches and processes; training_speed.png to FOLDER.",
)
@click.option(
    "--strangers",
    is_flag=True,
    help="Instead, how the trained model takes pictures of other kinds: AUROC and abstention.",
)
@click.option(
    "--gates",
    is_flag=True,
    help="Instead, how often models as good as this environment's, or worse, would be promoted.",
)
def bench(
    env: str | None, scale: int | None, grid: Path | None, strangers: bool, gates: bool
) -> None:
    """Time the stages beside bare torch, Pillow and Kedro."""
    from kedro.framework.session import KedroSession

    from dermaflow_bench.benches import (
        run_bench,
        run_gates,
        run_grid,
        run_scale,
        run_strangers,
    )

    context = KedroSession.create(Path.cwd(), env=env).load_context()
    conf = context.config_loader
    if scale:
        lines = run_scale(conf, scale)
    elif grid:
        lines = run_grid(conf, grid)
    elif strangers:
        lines = run_strangers(context.catalog)
    elif gates:
        lines = run_gates(conf, context.catalog)
    else:
        lines = run_bench(context.project_path, env or DEFAULT_ENVIRONMENT, conf)
    for line in lines:
        click.echo(line)
