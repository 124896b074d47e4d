"""Wait for what another process does, and no longer than a machine could possibly take."""

import contextlib
import time

import psutil


def wait_until(happened, process=None, seconds=300):
    """Wait until ``happened()`` is true; returns what it returned.

    Args:
        happened: is asked a hundred times a second.
        process: a ``Popen`` that must not end before.
        seconds: after which it counts as never.
    """
    deadline = time.monotonic() + seconds
    while not (found := happened()):
        assert process is None or process.poll() is None, "the process ended too early"
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)
    return found


def read_until(process, text):
    """Read a process's output up to a line that holds a text; fails where it ends before."""
    lines = []
    for line in process.stdout:
        lines.append(line)
        if text in line:
            return "".join(lines)
    raise AssertionError(f"{text!r} was not said in:\n{''.join(lines)[-3000:]}")


def training_processes(process):
    """The processes that a training has started below another, and that have not ended."""
    found = []
    for child in psutil.Process(process.pid).children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):  # it has ended since; a zombie counts, too
            if "spawn_main" in " ".join(child.cmdline()):
                found.append(child)
    return found
