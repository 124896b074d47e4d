"""Options that several commands share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, get_args

import click

from dermaflow.cli.project import project_root

_LONGEST_TEXT = 1000  # characters

IfRunning = Literal["wait", "skip", "fail"]


def known_environment(context: click.Context, parameter: click.Parameter, value: Any) -> Any:
    """The environment, Kedro's own variable asked too; one that is no folder of conf is refused."""
    from kedro.framework.project import settings

    value = value or os.environ.get("KEDRO_ENV")
    source = Path(context.params.get("conf_source") or settings.CONF_SOURCE)
    conf = project_root() / source
    if value and conf.is_dir() and not (conf / value).is_dir():
        there = sorted(path.name for path in conf.iterdir() if path.is_dir())
        raise click.BadParameter(f"no folder {source / value}; there are {', '.join(there)}")
    return value


def one_line_of_text(context: click.Context, parameter: click.Parameter, value: Any) -> Any:
    """A text for a record, on one line; an empty one is refused."""
    from dermaflow.io.text import one_line

    if value is None:
        return None
    text = one_line(value, _LONGEST_TEXT)
    if not text:
        raise click.BadParameter("it is empty")
    return text


env_option = click.option(
    "--env",
    "-e",
    callback=known_environment,
    help="Environment: a folder of conf/.",
)

reason_option = click.option(
    "--reason", required=True, callback=one_line_of_text, help="Why, for the record."
)

if_running_option = click.option(
    "--if-running",
    type=click.Choice(get_args(IfRunning)),
    default="fail",
    show_default=True,
    envvar="DERMAFLOW_IF_RUNNING",
    help="While another run writes or uses what this one needs: wait, skip this run (exit code 0) "
    "or fail (9).",
)


@contextmanager
def skipping(skip: bool) -> Iterator[None]:
    """End well, and say so, where another run is in the way and this one has done nothing yet."""
    from dermaflow.errors import RunningError

    try:
        yield
    except RunningError as error:
        if not skip:
            raise
        click.echo(f"Skipped: {error}")
