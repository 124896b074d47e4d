"""``kedro relocate``."""

from __future__ import annotations

import click

from dermaflow.cli.options import env_option
from dermaflow.cli.project_command import ProjectCommand


@click.command(
    "relocate", cls=ProjectCommand, short_help="Keep a copied project's artifacts in the copy."
)
@env_option
def relocate(env: str | None) -> None:
    """Have a copied project keep MLflow's artifacts in its own folder.

    Its database was copied along and still names the folder of the original. Runs and models whose
    artifacts were copied, too, are found in the copy from then on; others stay where they are. A
    project that was moved needs no command.
    """
    from dermaflow.cli.project import load_conf
    from dermaflow.errors import RunLookupError
    from dermaflow.tracking.artifact_place import adopt_place
    from dermaflow.tracking.find_runs import existing_store

    _, config = load_conf(env)
    experiment = existing_store(config).get_experiment_by_name(config.experiment)
    if experiment is None:
        raise RunLookupError(f"the tracking store has no experiment {config.experiment!r}")
    moved = adopt_place(config, experiment.artifact_location)
    click.echo(f"artifacts go to {config.artifact_location}; {moved} runs and models came along")
