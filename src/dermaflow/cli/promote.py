"""``kedro promote``."""

from __future__ import annotations

import click

from dermaflow.cli.options import env_option, one_line_of_text
from dermaflow.cli.project_command import ProjectCommand


@click.command("promote", cls=ProjectCommand, short_help="Give a model's version the next alias.")
@click.argument("version", type=click.IntRange(min=1))
@click.option("--to", "alias", help="The alias, of those in registry.yml; by default the first.")
@click.option(
    "--approver", callback=one_line_of_text, help="Name of whoever approves, where one must."
)
@click.option("--digest", help="That the version's files must have, as `kedro models` shows it.")
@click.option("--dry-run", is_flag=True, help="Judge only; record, move and tell nothing.")
@env_option
def promote(
    version: int,
    alias: str | None,
    approver: str | None,
    digest: str | None,
    dry_run: bool,
    env: str | None,
) -> None:
    """Give VERSION of the registered model an alias, if it reaches what conf asks.

    What a version must reach is in parameters_promote.yml, which aliases there are in registry.yml.
    Either way the decision is recorded, in an MLflow experiment; a refusal leaves the alias where
    it is.
    """
    from dermaflow.cli.project import open_model_registry
    from dermaflow.errors import PromotionError
    from dermaflow.registry.aliases import name_holder
    from dermaflow.registry.promote_version import promote_version
    from dermaflow.reporting.text_columns import align

    registry = open_model_registry(env)
    outcome = promote_version(
        registry, str(version), alias, approver=approver, digest=digest, dry_run=dry_run
    )
    decision, holder = outcome.decision, name_holder(outcome.decision.holder_before)
    click.echo(f"Version {version} of {decision.model}, measured by run {decision.metrics_run}")
    click.echo(f"Digest {decision.digest}")
    rows = [["passed" if c.passed else "failed", c.name, c.found] for c in decision.checks]
    click.echo(align(rows))
    if outcome.run_id:
        click.echo(f"Recorded as run {outcome.run_id}")
    if outcome.failed:
        found = ", ".join(f"{check.name} ({check.found})" for check in outcome.failed)
        raise PromotionError(
            f"version {version} of {decision.model} does not get the alias {decision.alias}: "
            f"{found}; {holder} has it"
        )
    if dry_run:
        registry.config.require_promotes(registry.env)  # else the command itself would be refused
        click.echo(f"Version {version} would get the alias {decision.alias}; {holder} has it")
    else:
        click.echo(f"Version {version} has the alias {decision.alias}; {holder} had it before")
