"""``kedro restore``."""

from __future__ import annotations

import click

from dermaflow.cli.command import ProjectCommand
from dermaflow.cli.options import env_option


@click.command("restore", cls=ProjectCommand)
@click.argument("run_id")
@env_option
@click.option("--data-only", is_flag=True, help="Leave code and parameters as they are.")
@click.option("--force", is_flag=True, help="Replace outputs that DVC holds no copy of.")
def restore(run_id: str, env: str, data_only: bool, force: bool) -> None:
    """Bring back code, parameters, data and weights of an MLflow run."""
    from pathlib import Path

    from dermaflow.errors import VersioningError
    from dermaflow.tracking.config import TrackingConfig
    from dermaflow.tracking.lineage import read_versions
    from dermaflow.versioning.dvc_file import load_conf
    from dermaflow.versioning.restore import restore_code, restore_data

    project_path = Path.cwd()
    config = TrackingConfig.read(load_conf(project_path, env)).resolve(project_path)
    versions = read_versions(config, run_id)
    if not data_only:
        done = restore_code(project_path, versions.commit, versions.patch)
        click.echo(f"code and parameters: {done}")
    back, missing = restore_data(project_path, versions.env, versions.entries, force)
    click.echo(f"outputs: {len(back)} of {len(back) + len(missing)} are those of the run")
    click.echo(f"made by: {versions.command}")
    if missing:
        raise VersioningError(
            f"neither in DVC's cache nor on its remote: {', '.join(missing)}; "
            "the command above makes them again"
        )
