"""A command that ends a user's error with one line."""

from __future__ import annotations

import logging
import signal
import sys
from typing import Any

import click

from dermaflow.errors import DermaflowError

logger = logging.getLogger(__name__)


class Terminated(KeyboardInterrupt):
    """A scheduler asked the process to end, as Ctrl-C would."""


class ProjectCommand(click.Command):
    """Prints a user's error as one line, its traceback to the log file; exits with its code."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        signal.signal(signal.SIGTERM, _terminate)
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as interrupt:
            logger.debug("Interrupted", exc_info=interrupt)
            number = signal.SIGTERM if isinstance(interrupt, Terminated) else signal.SIGINT
            _end("Interrupted: the same command goes on where it stopped", 128 + number)
        except Exception as error:
            cause = _user_error(error)
            if cause is None:
                raise
            logger.debug("Command failed", exc_info=error)
            _end(f"Error: {cause}", cause.exit_code)


def _terminate(*_: object) -> None:
    raise Terminated


def _end(message: str, exit_code: int) -> None:
    click.secho(message, fg="red", err=True)
    sys.exit(exit_code)


def _user_error(error: BaseException | None) -> DermaflowError | None:
    """The error itself or the first of its causes that is the user's to mend."""
    while error is not None and not isinstance(error, DermaflowError):
        error = error.__cause__
    return error
