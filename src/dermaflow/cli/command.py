"""A command that ends a user's error with one line."""

from __future__ import annotations

import logging
import sys
from typing import Any

import click

from dermaflow.errors import DermaflowError

logger = logging.getLogger(__name__)


class ProjectCommand(click.Command):
    """Prints a user's error as one line, its traceback to the log file; exits with its code."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except Exception as error:
            cause = _user_error(error)
            if cause is None:
                raise
            logger.debug("Command failed", exc_info=error)
            click.secho(f"Error: {cause}", fg="red", err=True)
            sys.exit(cause.exit_code)


def _user_error(error: BaseException | None) -> DermaflowError | None:
    """The error itself or the first of its causes that is the user's to mend."""
    while error is not None and not isinstance(error, DermaflowError):
        error = error.__cause__
    return error
