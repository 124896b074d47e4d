"""``kedro ui``."""

from __future__ import annotations

import os
import sys

import click

from dermaflow.cli.options import env_option
from dermaflow.cli.project_command import ProjectCommand


@click.command("ui", cls=ProjectCommand, short_help="Open the runs in MLflow.")
@click.option("--port", type=click.IntRange(1, 65535), show_default="5000", help="Of this machine.")
@env_option
def ui(port: int | None, env: str | None) -> None:
    """Serve MLflow's pages on 127.0.0.1 and print the address of the runs.

    Where a server keeps the runs, only print the address.
    """
    from dermaflow.cli.project import load_conf
    from dermaflow.tracking.find_runs import existing_store
    from dermaflow.tracking.ui_pages import HOST, PORT, has_server, runs_page

    _, config = load_conf(env)
    port = port or PORT
    experiment = existing_store(config).get_experiment_by_name(config.experiment)
    page = runs_page(config, experiment.experiment_id if experiment else None, port)
    click.echo(f"The runs: {page}")
    if has_server(config):
        return
    # In the environment, where no list of processes shows a password.
    os.environ["MLFLOW_BACKEND_STORE_URI"] = config.tracking_uri
    # For language models alone, and the slowest part of the start.
    os.environ.setdefault("MLFLOW_SERVER_ENABLE_JOB_EXECUTION", "false")
    sys.stdout.flush()
    own = ["--host", HOST, "--port", str(port), "--workers", "1"]
    os.execv(sys.executable, [sys.executable, "-m", "mlflow", "ui", *own])
