"""``kedro dvc-yaml``."""

from __future__ import annotations

from pathlib import Path

import click

from dermaflow.cli.project_command import ProjectCommand


@click.command("dvc-yaml", cls=ProjectCommand)
def dvc_yaml() -> None:
    """Write the dvc.yaml of every environment from pipelines and catalog."""
    from kedro.framework.project import pipelines

    from dermaflow.versioning.dvc.stage_file import write_dvc_files

    for path in write_dvc_files(Path.cwd(), pipelines):
        click.echo(f"Wrote {path.relative_to(Path.cwd())}")
