"""``kedro compare``."""

from __future__ import annotations

from pathlib import Path

import click

from dermaflow.cli.options import env_option
from dermaflow.cli.project_command import ProjectCommand

PAGE = Path("data/08_reporting/comparison/index.html")


@click.command("compare", cls=ProjectCommand, short_help="Set MLflow runs beside each other.")
@click.argument("runs", nargs=-1, required=True, metavar="RUN RUN...")
@click.option(
    "--output",
    type=click.Path(dir_okay=False, resolve_path=True, path_type=Path),
    show_default=str(PAGE),
    help="The page to write.",
)
@env_option
def compare(runs: tuple[str, ...], output: Path | None, env: str | None) -> None:
    """Set MLflow runs beside each other, and each against the first one.

    RUN is a run's id or its first digits, its name where no other run has it, or latest, latest~1
    and so on. Prints the figures and writes a page that needs nothing else.
    """
    from dermaflow.cli.project import load_conf
    from dermaflow.io.atomic_files import replacing_file
    from dermaflow.reporting.comparison.compare_runs import compare_runs
    from dermaflow.reporting.comparison.comparison_figures import RUN_COLOURS
    from dermaflow.reporting.comparison.comparison_page import render_page
    from dermaflow.reporting.comparison.comparison_text import summarise
    from dermaflow.tracking.read_runs import read_runs

    if not 2 <= len(runs) <= len(RUN_COLOURS):
        raise click.UsageError(f"name 2 to {len(RUN_COLOURS)} runs, not {len(runs)}")
    _, config = load_conf(env)
    found = read_runs(config, runs)
    experiments = ", ".join(dict.fromkeys(run.experiment for run in found))
    comparison = compare_runs(experiments, found)
    click.echo(summarise(comparison))
    page = output or PAGE
    with replacing_file(page) as path:
        path.write_text(render_page(comparison), encoding="utf-8")
    click.echo(f"\nWrote {page}")
