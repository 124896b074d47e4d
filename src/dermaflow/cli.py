"""Project commands. ``kedro run`` is Kedro's own, but ends a user's error with one line."""

from __future__ import annotations

import functools
import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from kedro.framework.cli.project import run as kedro_run

from dermaflow.errors import DermaflowError

logger = logging.getLogger(__name__)


def _with_short_errors(command: Callable[..., Any]) -> Callable[..., Any]:
    """Print a user's error as one line, its traceback to the log file; exit with its code."""

    @functools.wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except Exception as error:
            cause = _user_error(error)
            if cause is None:
                raise
            logger.debug("Run failed", exc_info=error)
            click.secho(f"Error: {cause}", fg="red", err=True)
            sys.exit(cause.exit_code)

    return wrapped


def _user_error(error: BaseException | None) -> DermaflowError | None:
    """The error itself or the first of its causes that is the user's to mend."""
    while error is not None and not isinstance(error, DermaflowError):
        error = error.__cause__
    return error


@click.group(name="dermaflow")
def cli() -> None:
    """Commands of this project."""


@cli.command("dvc-yaml")
def dvc_yaml() -> None:
    """Write the dvc.yaml of every environment from pipelines and catalog."""
    from kedro.framework.project import pipelines

    from dermaflow.dvc_file import write_dvc_files

    for path in write_dvc_files(Path.cwd(), pipelines):
        click.echo(f"Wrote {path.relative_to(Path.cwd())}")


cli.add_command(
    click.Command(
        "run",
        callback=_with_short_errors(kedro_run.callback or kedro_run),
        params=kedro_run.params,
        help=kedro_run.help,
    )
)
