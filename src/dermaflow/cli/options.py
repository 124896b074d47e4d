"""Options that several commands share."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click


def known_environment(context: click.Context, parameter: click.Parameter, value: Any) -> Any:
    """The environment, Kedro's own variable asked too; one that is no folder of conf is refused."""
    from kedro.framework.project import settings

    value = value or os.environ.get("KEDRO_ENV")
    conf = Path(context.params.get("conf_source") or settings.CONF_SOURCE)
    if value and conf.is_dir() and not (conf / value).is_dir():
        there = sorted(path.name for path in conf.iterdir() if path.is_dir())
        raise click.BadParameter(f"no folder {conf / value}; there are {', '.join(there)}")
    return value


env_option = click.option(
    "--env",
    "-e",
    callback=known_environment,
    help="Environment: a folder of conf/.",
)
