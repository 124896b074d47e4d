"""A command that ends a user's error with one line."""

from __future__ import annotations

import glob
import logging
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any, NoReturn

import click
import yaml

from dermaflow.cli.log_file import do_without_log_file, tell_traceback
from dermaflow.cli.project import project_root
from dermaflow.cli.user_errors import as_user_error
from dermaflow.errors import ParameterError
from dermaflow.io.forgiving_streams import forgive_streams
from dermaflow.io.redaction import hide_secrets_in_logs, redact
from dermaflow.io.supervised import hear_signal, reached_limit, tell_supervisor

TIME_LIMIT_REACHED = 17  # exit code
_SECONDS_TO_LEAVE_A_CALLBACK = 0.1

logger = logging.getLogger(__name__)


class Terminated(KeyboardInterrupt):
    """A scheduler, or a terminal that was closed, asked the process to end, as Ctrl-C would."""

    def __init__(self, number: signal.Signals, *reasons: str) -> None:
        super().__init__(*reasons)
        self.number = number


class TimeLimitReached(Terminated):
    """The command's supervisor asked it to end, as it has run for as long as it may."""


class ProjectCommand(click.Command):
    """Prints a user's error as one line, its traceback to the log file; exits with its code.

    Neither the one nor the other must be writable for the work to be done.
    """

    interrupted = "Interrupted"

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command, from the project's root wherever it was given."""
        _enter_project()
        hide_secrets_in_logs()
        for number in (signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is not signal.SIG_IGN:  # as `nohup` has it
                signal.signal(number, _terminate)
        sys.unraisablehook = _interrupt_again
        forgive_streams()
        do_without_log_file()
        if not sys.stderr.isatty():  # tqdm reads it when it is first imported, which is later
            os.environ.setdefault("TQDM_DISABLE", "1")  # of libraries; see `io.progress` for ours
        try:
            _refuse_pattern(Path.cwd())
            return super().invoke(ctx)
        except KeyboardInterrupt as interrupt:
            self._end_interrupted(interrupt)
        except Exception as error:
            if isinstance(error, click.ClickException | click.exceptions.Exit):
                raise
            logger.debug("Command failed", exc_info=error)
            if _asked_to_end:  # a library made another error of it, as OmegaConf does
                self._end_interrupted(_asked_to_end[-1])
            told = as_user_error(error)
            if told is None:
                kind = type(error).__name__
                _end(f"Error: {kind}: {error}; {tell_traceback(error)}", 1)
            else:
                _end(f"Error: {told}", told.exit_code)

    def _end_interrupted(self, interrupt: KeyboardInterrupt) -> NoReturn:
        logger.debug("Interrupted", exc_info=interrupt)
        said = self.interrupted
        if isinstance(interrupt, TimeLimitReached):
            said = f"Error: {interrupt}; the same command goes on where it stopped"
        _end(said, exit_code_of(interrupt))


class ResumableCommand(ProjectCommand):
    """One that finds finished stages finished when it is given again."""

    interrupted = "Interrupted: the same command goes on where it stopped"


_asked_to_end: list[Terminated] = []


def exit_code_of(error: BaseException) -> int:
    """With which a command ends that raises an error."""
    if isinstance(error, TimeLimitReached):
        return TIME_LIMIT_REACHED
    if isinstance(error, KeyboardInterrupt):
        return 128 + _signal_of(error)
    if isinstance(error, click.ClickException | click.exceptions.Exit):
        return error.exit_code
    told = as_user_error(error)
    return told.exit_code if told else 1


def _enter_project() -> None:
    """Go to the project's root: conf, data and logs are named from there.

    Options that are paths were made absolute before. Kedro, for its part, has looked for
    ``conf/logging.yml`` in the folder in which the command was given.
    """
    from kedro.framework.project import LOGGING

    root = project_root()
    if root == Path.cwd():
        return
    os.chdir(root)
    config = root / "conf" / "logging.yml"
    if config.is_file() and "KEDRO_LOGGING_CONFIG" not in os.environ:
        LOGGING.configure(yaml.safe_load(config.read_text(encoding="utf-8")))


def _refuse_pattern(root: Path) -> None:
    """Kedro looks for configuration by patterns, without regard to signs in the project's path."""
    if glob.has_magic(str(root)):
        raise ParameterError(
            f"{root}: Kedro finds no configuration in a folder whose path holds *, ? or [: "
            "move or rename it"
        )


def _terminate(number: int, _: object) -> None:
    hear_signal()
    limit, asked = reached_limit(), signal.Signals(number)
    reached = f"the time limit of {limit} was reached"
    interrupt = TimeLimitReached(asked, reached) if limit else Terminated(asked)
    _asked_to_end.append(interrupt)
    raise interrupt


def _signal_of(interrupt: KeyboardInterrupt) -> signal.Signals:
    return interrupt.number if isinstance(interrupt, Terminated) else signal.SIGINT


def _interrupt_again(unraisable: sys.UnraisableHookArgs) -> None:
    """Send an interrupt again that fell into a finalizer or a weakref's callback.

    Python cannot raise it from there, so it would be lost, and a scheduler would wait for a command
    that goes on. The garbage collector runs such callbacks at any moment.
    """
    if not isinstance(unraisable.exc_value, KeyboardInterrupt):
        sys.__unraisablehook__(unraisable)
        return
    # From another thread and a little later, or it would fall into the same callback.
    number = _signal_of(unraisable.exc_value)
    again = threading.Timer(_SECONDS_TO_LEAVE_A_CALLBACK, os.kill, (os.getpid(), number))
    again.daemon = True
    again.start()


def _end(message: str, exit_code: int) -> NoReturn:
    click.secho(redact(message), fg="red", err=True)
    tell_supervisor(message=redact(message))
    sys.exit(exit_code)
