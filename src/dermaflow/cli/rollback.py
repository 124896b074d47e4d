"""``kedro rollback``."""

from __future__ import annotations

import click

from dermaflow.cli.options import env_option, reason_option
from dermaflow.cli.project_command import ProjectCommand


@click.command("rollback", cls=ProjectCommand, short_help="Give an alias back to its last holder.")
@click.option("--alias", help="To give back, of those in registry.yml; by default the first.")
@reason_option
@env_option
def rollback(alias: str | None, reason: str, env: str | None) -> None:
    """Give an alias back to the version that had it before.

    Versions that lost it by a rollback or a demotion are passed over. The decision is recorded.
    """
    from dermaflow.cli.project import open_model_registry
    from dermaflow.registry.aliases import name_holder
    from dermaflow.registry.take_back import roll_back

    decision = roll_back(open_model_registry(env), alias, reason)
    click.echo(
        f"Version {decision.version} has the alias {decision.alias} again; "
        f"{name_holder(decision.holder_before)} had it before"
    )
