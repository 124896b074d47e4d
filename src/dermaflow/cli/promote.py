"""``kedro promote``."""

from __future__ import annotations

import click

from dermaflow.cli.options import env_option
from dermaflow.cli.project_command import ProjectCommand
from dermaflow.schema import DEFAULT_ENVIRONMENT


@click.command("promote", cls=ProjectCommand, short_help="Give a model's version its alias.")
@click.argument("version", type=click.IntRange(min=1))
@env_option
@click.option("--dry-run", is_flag=True, help="Judge only; write neither tags nor alias.")
def promote(version: int, env: str | None, dry_run: bool) -> None:
    """Give VERSION of the registered model the alias of parameters_promote.yml.

    Only if it reaches what is asked there. The decision is written to the version's tags
    either way; a version that fails leaves the alias where it is.
    """
    from dermaflow.cli.project import image_places, load_conf
    from dermaflow.errors import PromotionError
    from dermaflow.registry import versions as model_versions
    from dermaflow.registry.judge_registered import Others, judge_registered
    from dermaflow.reporting.text_columns import align

    parameters, config = load_conf(env)
    params, name = parameters.promote, parameters.register_.name
    client = model_versions.open_registry(config)
    found = model_versions.find_version(client, name, version)
    number = model_versions.alias_holder(client, name, params.alias)
    holder = "no version" if number is None else f"version {number}"
    own = number in (None, str(version))
    others = Others(None if own else model_versions.find_version(client, name, int(number or 0)))
    judged = judge_registered(
        client, found, others, parameters, env or DEFAULT_ENVIRONMENT, image_places(env)
    )
    checks, run_id = judged.checks, judged.evidence.metrics_run
    click.echo(f"Version {version} of {name} by run {run_id}, digest {judged.digest}")
    click.echo(align([["passed" if c.passed else "failed", c.name, c.found] for c in checks]))
    failed = [f"{check.name} ({check.found})" for check in checks if not check.passed]
    decision = "refused" if failed else f"promoted to {params.alias}"
    if not dry_run:
        model_versions.record_decision(client, found, run_id, checks, decision)
    if failed:
        raise PromotionError(
            f"version {version} of {name} does not get the alias {params.alias}: "
            f"{', '.join(failed)} (parameters_promote.yml); {holder} has it"
        )
    if dry_run:
        click.echo(f"Version {version} would get the alias {params.alias}; {holder} has it")
        return
    # Last, so that an alias is never without the tags that explain it.
    client.set_registered_model_alias(name, params.alias, str(version))
    click.echo(f"Version {version} has the alias {params.alias}; {holder} had it before")
