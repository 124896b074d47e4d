"""``kedro restore``."""

from __future__ import annotations

import click

from dermaflow.cli.command import ProjectCommand
from dermaflow.cli.options import env_option


@click.command("restore", cls=ProjectCommand, short_help="Bring back what a run was made from.")
@click.argument("run")
@env_option
@click.option("--data-only", is_flag=True, help="Leave code and parameters as they are.")
@click.option("--force", is_flag=True, help="Replace outputs that DVC holds no copy of.")
def restore(run: str, env: str | None, data_only: bool, force: bool) -> None:
    """Bring back code, parameters, data and weights of an MLflow run, through git and DVC.

    RUN is a run's id or its first digits, its name where no other run has it, or latest, latest~1
    and so on. What cannot be brought back is named.
    """
    from pathlib import Path

    from dermaflow.cli.project import load_conf
    from dermaflow.errors import VersioningError
    from dermaflow.tracking.lineage import read_versions
    from dermaflow.tracking.runs import find_run, list_runs, open_store
    from dermaflow.versioning.restore import restore_code, restore_data

    _, config = load_conf(env)
    client = open_store(config)
    found = find_run(run, list_runs(client, config.experiment))
    versions = read_versions(client, found)
    click.echo(f"run: {found.info.run_id} ({found.info.run_name})")
    if not data_only:
        done = restore_code(Path.cwd(), versions.commit, versions.patch)
        click.echo(f"code and parameters: {done}")
    back, missing = restore_data(Path.cwd(), versions.env, versions.entries, force)
    click.echo(f"outputs: {len(back)} of {len(back) + len(missing)} are those of the run")
    click.echo(f"made by: {versions.command}")
    if missing:
        raise VersioningError(
            f"neither in DVC's cache nor on its remote: {', '.join(missing)}; "
            "the command above makes them again"
        )
