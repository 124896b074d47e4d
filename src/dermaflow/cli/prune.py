"""``kedro prune``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dermaflow.cli.options import env_option
from dermaflow.cli.project_command import ProjectCommand
from dermaflow.schema import DEFAULT_ENVIRONMENT

if TYPE_CHECKING:
    from dermaflow.tracking.retention_plan import Plan


@click.command("prune", cls=ProjectCommand, short_help="Remove old runs, checkpoints and data.")
@env_option
@click.option("--dry-run", is_flag=True, help="Show what stays and what goes; remove nothing.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
def prune(env: str | None, dry_run: bool, yes: bool) -> None:
    """Remove what the policy of retention.yml lets go.

    Runs of the environment, its abandoned checkpoints, and objects of DVC's cache to which nothing
    refers any more. What a registered version, a run that stays, a commit or the workspace needs is
    never removed; nor is anything of a run that is going on.
    """
    from dermaflow.tracking.retention_plan import make_plan

    with make_plan(Path.cwd(), env or DEFAULT_ENVIRONMENT) as plan:
        click.echo("\n".join(plan.lines()))
        if dry_run or not plan.removes:
            return
        if not yes:
            _ask()
        _carry_out(plan)


def _ask() -> None:
    if not sys.stdin.isatty():
        raise click.UsageError("nobody is there to be asked: give --yes, or --dry-run")
    click.confirm("Remove them?", abort=True)


def _carry_out(plan: Plan) -> None:
    from dermaflow.io.text import readable_size

    click.echo(f"{readable_size(plan.carry_out())} are free")
