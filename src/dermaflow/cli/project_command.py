"""A command that ends a user's error with one line."""

from __future__ import annotations

import logging
import os
import signal
import sys
from typing import Any, NoReturn

import click

from dermaflow.cli.user_errors import as_user_error

LOG_FILE = "logs/dermaflow.log"  # as conf/logging.yml has it
SECONDS_BETWEEN_PROGRESS = "15"  # where nobody looks on: a file, a scheduler's log

logger = logging.getLogger(__name__)


class Terminated(KeyboardInterrupt):
    """A scheduler asked the process to end, as Ctrl-C would."""


class ProjectCommand(click.Command):
    """Prints a user's error as one line, its traceback to the log file; exits with its code."""

    interrupted = "Interrupted"

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        signal.signal(signal.SIGTERM, _terminate)
        if not sys.stderr.isatty():  # tqdm reads it when it is first imported, which is later
            os.environ.setdefault("TQDM_MININTERVAL", SECONDS_BETWEEN_PROGRESS)
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as interrupt:
            logger.debug("Interrupted", exc_info=interrupt)
            number = signal.SIGTERM if isinstance(interrupt, Terminated) else signal.SIGINT
            _end(self.interrupted, 128 + number)
        except Exception as error:
            if isinstance(error, click.ClickException | click.exceptions.Exit):
                raise
            logger.debug("Command failed", exc_info=error)
            told = as_user_error(error)
            if told is None:
                kind = type(error).__name__
                _end(f"Error: {kind}: {error}; its traceback is in {LOG_FILE}", 1)
            else:
                _end(f"Error: {told}", told.exit_code)


class ResumableCommand(ProjectCommand):
    """One that finds finished stages finished when it is given again."""

    interrupted = "Interrupted: the same command goes on where it stopped"


def _terminate(*_: object) -> None:
    raise Terminated


def _end(message: str, exit_code: int) -> NoReturn:
    click.secho(message, fg="red", err=True)
    sys.exit(exit_code)
