"""``kedro models``."""

from __future__ import annotations

import json

import click

from dermaflow.cli.options import env_option
from dermaflow.cli.project_command import ProjectCommand


@click.command("models", cls=ProjectCommand, short_help="List the model's versions.")
@click.option("--json", "as_json", is_flag=True, help="For a program, with all that is known.")
@env_option
def models(as_json: bool, env: str | None) -> None:
    """List the versions of an environment's model, the newest first.

    Shown are aliases, figures of the test split (macro AUC, balanced accuracy, recall of melanoma),
    the beginnings of the data version and of the files' digest, and the last decision.
    """
    from dermaflow.cli.project import open_model_registry
    from dermaflow.registry.describe_versions import describe_versions, table_rows
    from dermaflow.reporting.text_columns import align

    registry = open_model_registry(env)
    summaries = describe_versions(registry)
    if as_json:
        click.echo(json.dumps([one.to_json() for one in summaries], indent=2, allow_nan=False))
        return
    click.echo(f"Model {registry.model}; `kedro models --json` shows all of it")
    click.echo(align(table_rows(summaries), indent=0))
