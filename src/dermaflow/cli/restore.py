"""``kedro restore``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from dermaflow.cli.options import env_option
from dermaflow.cli.project_command import ProjectCommand
from dermaflow.errors import VersioningError

if TYPE_CHECKING:
    from dermaflow.tracking.run_versions import RunVersions


@click.command("restore", cls=ProjectCommand, short_help="Bring back what a run was made from.")
@click.argument("run", required=False)
@env_option
@click.option("--back", is_flag=True, help="Undo the last restore, in place of RUN.")
@click.option("--data-only", is_flag=True, help="Leave code, parameters and raw data as they are.")
def restore(run: str | None, env: str | None, back: bool, data_only: bool) -> None:
    """Bring back code, parameters, raw data, outputs and weights of an MLflow run by git and DVC.

    RUN is a run's id or its first digits, its name where no other run has it, or latest, latest~1
    and so on. What is there now goes into DVC's cache first; what cannot be brought back is named.
    """
    from dermaflow.versioning.restore.undo import go_back
    from dermaflow.versioning.stages.stage_locks import holding_all

    if back == bool(run):
        raise click.UsageError("give either a run or --back")
    if run:
        versions = _read_run(run, env)
        with holding_all(Path.cwd(), versions.env):
            _bring_back(versions, data_only)
    else:
        click.echo(f"code, parameters and data are again those of {go_back(Path.cwd())}")


def _read_run(run: str, env: str | None) -> RunVersions:
    from dermaflow.cli.project import load_conf
    from dermaflow.tracking.find_runs import existing_store, find_runs
    from dermaflow.tracking.run_versions import read_versions

    _, config = load_conf(env)
    client = existing_store(config)
    (found,) = find_runs(client, config.experiment, [run])
    click.echo(f"run: {found.info.run_id} ({found.info.run_name})")
    return read_versions(client, found)


def _bring_back(versions: RunVersions, data_only: bool) -> None:
    from dermaflow.versioning.dvc.remote import fetch
    from dermaflow.versioning.restore import restore_run as restoring
    from dermaflow.versioning.restore.undo import leave, stay

    project, entries = Path.cwd(), versions.entries
    restoring.require_data(project, entries)
    commit = None if data_only else restoring.require_code(project, versions.commit)
    raw = restoring.raw_deps(entries) if commit else {}
    restoring.require_raw(project, raw)
    searched = fetch(project, [*restoring.outputs_of(entries).values(), *raw.values()])
    kept = leave(project, versions.env, commit, versions.patch if commit else b"", raw)
    if kept:
        click.echo(f"kept in DVC's cache: what was there of {', '.join(kept)}")
    if commit:
        try:
            done = restoring.restore_code(project, commit, versions.patch)
        except VersioningError:
            stay(project)
            raise
        click.echo(f"code and parameters: {done}")
    click.echo(f"made by: {versions.command}")
    click.echo("`kedro restore --back` undoes this")
    missing = restoring.restore_data(project, versions.env, entries, raw)
    for what, paths in (("outputs", restoring.outputs_of(entries)), ("raw data", raw)):
        if paths:
            returned = len(paths.keys() - set(missing))
            click.echo(f"{what}: {returned} of {len(paths)} are those of the run")
    if missing:
        named = ", ".join(missing)
        raise VersioningError(f"{searched}: {named}; the command above makes outputs again")
