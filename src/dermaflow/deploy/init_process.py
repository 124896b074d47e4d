"""The first process of a container, as ``docker run --init`` starts one.

The kernel gives process 1 no signal that it has no handler for, so that a command in its place is
deaf to SIGTERM until it has loaded its code, and for good where it sets no handler. Nobody but
process 1 reaps what a killed process leaves behind.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys

# What a shell answers for a command that is not there, or that it may not run.
_NOT_FOUND, _NOT_RUN = 127, 126

_PASSED_ON = (
    signal.SIGTERM,
    signal.SIGINT,
    signal.SIGHUP,
    signal.SIGQUIT,
    signal.SIGUSR1,
    signal.SIGUSR2,
)


def run_command(command: list[str]) -> int:
    """Run a command in place of this process; as process 1, run it below and pass signals on.

    Returns:
        The exit code of the command, 128 plus the signal's number where one ended it; or a shell's
        code where it cannot be run.
    """
    try:
        if os.getpid() != 1:  # somebody else is, such as the init of `docker run --init`
            os.execvp(command[0], command)
        return run_below(command)
    except OSError as error:
        sys.stderr.write(f"{command[0]}: {error.strerror}\n")
        return _NOT_FOUND if isinstance(error, FileNotFoundError) else _NOT_RUN


def run_below(command: list[str]) -> int:
    """Run a command below this process, and pass it the signals that this process gets.

    Raises:
        OSError: the command cannot be run.
    """
    # Blocked, a signal waits until it is asked for, from before there is a child to give it to.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, (*_PASSED_ON, signal.SIGCHLD))
    try:
        child = subprocess.Popen(
            command, preexec_fn=lambda: signal.pthread_sigmask(signal.SIG_SETMASK, before)
        )
        return _wait_for(child.pid)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _wait_for(child: int) -> int:
    # A terminal sends Ctrl-C to all of its processes by itself.
    from_terminal = {signal.SIGINT, signal.SIGQUIT} if sys.stdin and sys.stdin.isatty() else set()
    while True:
        number = signal.sigwait((*_PASSED_ON, signal.SIGCHLD))
        if number != signal.SIGCHLD:
            if number not in from_terminal:
                os.kill(child, number)  # not reaped yet, so its number is no other process's
            continue
        status = _reap(child)
        if status is not None:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code


def _reap(child: int) -> int | None:
    """Reap every process that has ended; the status of ``child`` where it is among them."""
    status = None
    while True:
        try:
            ended, its_status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return status
        if not ended:
            return status
        if ended == child:
            status = its_status


if __name__ == "__main__":
    sys.exit(run_command(sys.argv[1:]))
