"""A command of the user's that is told of an event. Nothing waits for it beyond its time."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path


def run_hook_command(
    command: str | Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    seconds: float,
    stdin: str | None = None,
) -> str | None:
    """Run a command; kill it, and all that it started, when its time is over.

    Args:
        command: for a shell if it is one text, else a program with its arguments.
        folder: where it runs.
        environment: all of its variables.
        seconds: that it may take.
        stdin: what it may read; None for nothing.

    Returns:
        What went wrong, or None. It never raises: a hook's failure harms nothing else.
    """
    try:
        hook = subprocess.Popen(
            command,
            shell=isinstance(command, str),
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
            text=True,
            encoding="utf-8",
            start_new_session=True,
        )
    except OSError as error:
        return str(error)
    try:
        hook.communicate(stdin, timeout=seconds)
    except subprocess.TimeoutExpired:
        return f"not done after {seconds:g} seconds, and killed"
    finally:
        with suppress(OSError):
            os.killpg(hook.pid, signal.SIGKILL)
        hook.wait()
    return f"exit code {hook.returncode}" if hook.returncode else None
