"""``kedro demote``."""

from __future__ import annotations

import click

from dermaflow.cli.options import env_option, reason_option
from dermaflow.cli.project_command import ProjectCommand


@click.command("demote", cls=ProjectCommand, short_help="Take a model's version its aliases away.")
@click.argument("version", type=click.IntRange(min=1), required=False)
@click.option("--alias", help="The only one to take away, of those in registry.yml.")
@reason_option
@env_option
def demote(version: int | None, alias: str | None, reason: str, env: str | None) -> None:
    """Take its aliases away from VERSION, or --alias from the version that has it.

    Nobody has them then: `kedro rollback` gives one to its holder before, `kedro promote` to
    another version. The decision is recorded.
    """
    from dermaflow.cli.project import open_model_registry
    from dermaflow.registry import take_back

    if version is None and alias is None:
        raise click.UsageError("name a VERSION, or an --alias")
    number = None if version is None else str(version)
    for decision in take_back.demote(open_model_registry(env), number, alias, reason):
        click.echo(f"Version {decision.version} has lost the alias {decision.alias}")
