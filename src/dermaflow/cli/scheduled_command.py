"""What a command needs to be called by a scheduler."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

import click

from dermaflow.cli.durations import Duration
from dermaflow.cli.failure_hook import ON_FAILURE, TIME_LIMIT, Failure, run_hook
from dermaflow.cli.project_command import ResumableCommand
from dermaflow.cli.supervisor import Supervisor
from dermaflow.io.redaction import redact
from dermaflow.tracking.run_tags import LOGICAL_DATE, command_line

_META = "dermaflow.schedule"  # of click's context: options that the callback does not get
_GRACE = "5m"


class ScheduledCommand(ResumableCommand):
    """One with a time limit, a command to run when it fails, and a date that it is of."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params += _options()

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        """Read the options; a wrong one is a failure, too."""
        try:
            return super().make_context(*args, **kwargs)
        except click.ClickException as error:
            hook = os.environ.get(ON_FAILURE)
            if hook:
                message = {"message": redact(error.format_message()), "command": command_line()}
                run_hook(hook, Failure(error.exit_code, message))
            raise

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command, in a process of its own where there is something to watch over."""
        given = ctx.meta.get(_META, {})
        if given.get("logical_date"):
            os.environ[LOGICAL_DATE] = given["logical_date"]  # of stages under `kedro repro`, too
        limit, hook = given.get("time_limit"), given.get("on_failure")
        if not (limit or hook):
            return super().invoke(ctx)
        for variable in (TIME_LIMIT, ON_FAILURE):  # they are of the whole, not of each stage
            os.environ.pop(variable, None)
        supervisor = Supervisor(limit, given["grace_period"], hook, _about(ctx))
        code = supervisor.run(partial(super().invoke, ctx))
        if code:
            sys.exit(code)
        return None


def _options() -> list[click.Parameter]:
    return [
        _option(
            "--time-limit",
            parse=Duration.parse,
            metavar="DURATION",
            envvar=TIME_LIMIT,
            help="Stop after this time, waiting included, and end with exit code 17: 90s, 30m, 8h. "
            "A training writes a checkpoint first.",
        ),
        _option(
            "--grace-period",
            parse=Duration.parse,
            metavar="DURATION",
            default=_GRACE,
            show_default=True,
            envvar="DERMAFLOW_GRACE_PERIOD",
            help="Kill what has not stopped this long after the time limit.",
        ),
        _option(
            "--on-failure",
            metavar="COMMAND",
            envvar=ON_FAILURE,
            help="Run a shell command when this one ends with another exit code than 0.",
        ),
        _option(
            "--logical-date",
            parse=_parse_date,
            metavar="DATE",
            envvar=LOGICAL_DATE,
            help="Tag the MLflow run with the date that a scheduler runs it for, such as "
            "2026-11-30T02:00:00+00:00. It decides nothing.",
        ),
    ]


def _option(name: str, parse: Callable[[str], Any] = str, **settings: Any) -> click.Option:
    """An option that is kept in the context: Kedro's own command knows nothing of it."""

    def keep(context: click.Context, parameter: click.Parameter, value: Any) -> None:
        assert parameter.name is not None
        try:
            given = None if value is None else parse(value)
        except ValueError as error:
            raise click.BadParameter(str(error)) from error
        context.meta.setdefault(_META, {})[parameter.name] = given

    return click.Option([name], callback=keep, expose_value=False, **settings)


def _parse_date(text: str) -> str:
    """ISO 8601 with an offset, as MLflow is to have it. Raises ValueError."""
    date = datetime.fromisoformat(text)
    if date.tzinfo is None:
        raise ValueError(f"{text!r} names no offset from UTC, such as Z or +01:00")
    return date.isoformat()


def _about(context: click.Context) -> dict[str, str]:
    """What a hook is told of the command from its start."""
    stages = context.params.get("pipelines") or context.params.get("dvc_arguments") or ()
    return {
        "command": command_line(),
        "env": str(context.params.get("env") or ""),
        "stages": shlex.join(stages),
    }
