"""A child process, and the most memory that it and its own children have together."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Sequence

import psutil

_PAUSE = 0.05  # seconds between two looks


def run_watched(command: Sequence[str]) -> tuple[str, int]:
    """Run a command.

    Returns:
        What it printed, and the most memory at one time of its whole process tree in bytes:
        proportional set size where the system tells it (Linux), else resident.

    Raises:
        CalledProcessError: it failed.
    """
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        most = 0
        root = psutil.Process(child.pid)
        while child.poll() is None:
            most = max(most, _memory_of_tree(root))
            time.sleep(_PAUSE)
        output = child.stdout.read() if child.stdout else ""
    if child.returncode:
        raise subprocess.CalledProcessError(child.returncode, list(command), output)
    return output, most


def _memory_of_tree(root: psutil.Process) -> int:
    try:
        return sum(_memory_of(process) for process in (root, *root.children(recursive=True)))
    except psutil.NoSuchProcess:
        return 0


def _memory_of(process: psutil.Process) -> int:
    try:
        return int(getattr(process.memory_full_info(), "pss", 0) or process.memory_info().rss)
    except psutil.NoSuchProcess:  # ended meanwhile
        return 0
