"""``kedro restore``."""

from __future__ import annotations

import click

from dermaflow.cli.command import ProjectCommand
from dermaflow.cli.options import env_option


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
    from pathlib import Path

    from dermaflow.cli.project import load_conf
    from dermaflow.errors import VersioningError
    from dermaflow.tracking.lineage import read_versions
    from dermaflow.tracking.runs import existing_store, find_run, list_runs
    from dermaflow.versioning.dvc_remote import fetch
    from dermaflow.versioning.restore import (
        outputs_of,
        raw_deps,
        require_code,
        require_data,
        require_raw,
        restore_code,
        restore_data,
    )
    from dermaflow.versioning.way_back import go_back, leave

    if back == bool(run):
        raise click.UsageError("give either a run or --back")
    if not run:
        click.echo(f"code, parameters and data are again those of {go_back(Path.cwd())}")
        return
    _, config = load_conf(env)
    client = existing_store(config)
    found = find_run(run, list_runs(client, config.experiment))
    versions = read_versions(client, found)
    click.echo(f"run: {found.info.run_id} ({found.info.run_name})")
    require_data(Path.cwd(), versions.entries)
    commit = None if data_only else require_code(Path.cwd(), versions.commit)
    raw = raw_deps(versions.entries) if commit else {}
    require_raw(Path.cwd(), raw)
    away = fetch(Path.cwd(), [*outputs_of(versions.entries).values(), *raw.values()])
    kept = leave(Path.cwd(), versions.env, commit, versions.patch if commit else b"", raw)
    if kept:
        click.echo(f"kept in DVC's cache: what was there of {', '.join(kept)}")
    if commit:
        done = restore_code(Path.cwd(), commit, versions.patch)
        click.echo(f"code and parameters: {done}")
    missing = restore_data(Path.cwd(), versions.env, versions.entries, raw)
    for what, paths in (("outputs", outputs_of(versions.entries)), ("raw data", raw)):
        if paths:
            returned = paths.keys() - set(missing)
            click.echo(f"{what}: {len(returned)} of {len(paths)} are those of the run")
    click.echo(f"made by: {versions.command}")
    click.echo("`kedro restore --back` undoes this")
    if missing:
        raise VersioningError(
            f"{away}: {', '.join(missing)}; the command above makes outputs again"
        )
