"""``kedro run``: Kedro's own."""

from __future__ import annotations

from kedro.framework.cli.project import run as kedro_run

from dermaflow.cli.command import ProjectCommand

run = ProjectCommand(
    "run", callback=kedro_run.callback, params=kedro_run.params, help=kedro_run.help
)
