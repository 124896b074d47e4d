"""A command under a time limit, or with something to be done when it fails.

The command runs in a fork. What this process does needs nothing of the command's Python: it also
ends a command that hangs in C code, and tells of one that the system killed.
"""

from __future__ import annotations

import atexit
import ctypes
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, NoReturn

import click

from dermaflow.cli.descendants import adopt_orphans, descendants, kill_descendants
from dermaflow.cli.durations import Duration
from dermaflow.cli.failure_hook import Failure, run_hook
from dermaflow.cli.project_command import TIME_LIMIT_REACHED
from dermaflow.io.forgiving_streams import forgive_streams
from dermaflow.io.supervised import Wires, tell_supervisor

_PASSED_ON = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_SECONDS_TO_HEAR = 0.3
_SECONDS_TO_DIE = 30  # of a killed process; one that waits for a disk may stay
_PR_SET_PDEATHSIG = 1


class _StaysError(Exception):
    """A process that was killed is still there."""


@dataclass
class Supervisor:
    """Runs one command and waits for its end.

    Attributes:
        limit: after which the command is asked to stop; None for no limit.
        grace: after which a command that was asked to stop is killed.
        on_failure: shell command that is run when the command fails; None for nothing.
        about: facts of the command for ``on_failure``; the command adds others.
    """

    limit: Duration | None
    grace: Duration
    on_failure: str | None
    about: dict[str, str]
    _wires: Wires = field(default_factory=Wires)
    _spared: set[int] = field(default_factory=descendants)
    _child: int = 0
    _asked: int = 0
    _was_killed: bool = False
    _time_is_up: bool = False

    def run(self, command: Callable[[], Any]) -> int:
        """Run a command to its end, and what is to be done if it fails.

        Returns:
            The command's exit code; ``TIME_LIMIT_REACHED`` where it had to be killed for its
            limit, 128 and the signal's number where something else killed it.
        """
        forgive_streams()
        adopt_orphans()
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, _PASSED_ON)
        parent, self._child = os.getpid(), os.fork()
        if not self._child:
            self._wires.attach(str(self.limit))
            _leave_group(parent)
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
            _run_to_end(command)
        with suppress(OSError):  # it has done so itself, or is gone
            os.setpgid(self._child, self._child)
        handlers = {number: signal.getsignal(number) for number in (*_PASSED_ON, signal.SIGALRM)}
        try:
            self._listen()
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
            code = self._wait()
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            for number, handler in handlers.items():
                signal.signal(number, signal.SIG_DFL if handler is None else handler)
        if code and self.on_failure:
            run_hook(self.on_failure, self._failure(code))
        self._wires.close()
        return code

    def _listen(self) -> None:
        for number in _PASSED_ON:
            if signal.getsignal(number) is not signal.SIG_IGN:  # as `nohup` has it
                signal.signal(number, self._pass_on)
        signal.signal(signal.SIGALRM, self._next_step)
        if self.limit:
            signal.setitimer(signal.ITIMER_REAL, self.limit.seconds)

    def _wait(self) -> int:
        try:
            _, status = os.waitpid(self._child, 0)
        except _StaysError:
            click.secho(f"Process {self._child} was killed and is still there", err=True)
            return TIME_LIMIT_REACHED
        if self._time_is_up:  # workers that hang may have outlived it, with its locks
            kill_descendants(self._spared)
        code = os.waitstatus_to_exitcode(status)
        if code < 0:
            return TIME_LIMIT_REACHED if self._time_is_up else 128 - code
        return code

    def _pass_on(self, number: int, _: object) -> None:
        """Pass a signal on, unless the command got it as well, as from systemd.

        Whoever asks a training twice to end does not want to wait for its checkpoint. What the
        command has not heard yet, the system makes one with what is passed on.
        """
        self._asked += 1
        time.sleep(_SECONDS_TO_HEAR)
        if self._wires.signals < self._asked:
            with suppress(ProcessLookupError):  # it has ended meanwhile
                os.kill(self._child, number)

    def _next_step(self, number: int, _: object) -> None:
        """Ask the command to stop; kill it when it does not; then wait no more."""
        if not self._time_is_up:
            self._time_is_up = True
            self._asked += 1
            self._wires.say_time_is_up()
            with suppress(ProcessLookupError):
                os.kill(self._child, signal.SIGTERM)
            signal.setitimer(signal.ITIMER_REAL, self.grace.seconds)
        elif not self._was_killed:
            self._was_killed = True
            click.secho(self._of_killed(), fg="red", err=True)
            kill_descendants(self._spared)
            signal.setitimer(signal.ITIMER_REAL, _SECONDS_TO_DIE)
        else:
            raise _StaysError

    def _failure(self, code: int) -> Failure:
        facts = {**self.about, **self._wires.facts()}
        if self._was_killed:
            facts["message"] = self._of_killed()
        elif code > 128 and "message" not in facts:
            facts["message"] = f"the process was killed by {_name_of(code - 128)}"
        return Failure(code, facts)

    def _of_killed(self) -> str:
        return (
            f"Error: the time limit of {self.limit} was reached and the run did not stop within "
            f"{self.grace}: it was killed; the same command goes on where it stopped"
        )


def _name_of(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _leave_group(parent: int) -> None:
    """Be a process group of one's own: what a terminal sends comes once, from the supervisor."""
    os.setpgid(0, 0)
    if sys.platform == "linux":  # a supervisor that is killed must not leave a run to itself
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGTERM)


def _run_to_end(command: Callable[[], Any]) -> NoReturn:
    """Run a command as the whole of this process, which is a fork; it returns to no caller."""
    code = 1
    try:
        code = _exit_code_of(command)
    finally:
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):
                stream.flush()
        os._exit(code)


def _exit_code_of(command: Callable[[], Any]) -> int:
    try:
        command()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(bool(end.code))
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.ClickException as error:
        error.show()
        tell_supervisor(message=error.format_message())
        return error.exit_code
    return 0
