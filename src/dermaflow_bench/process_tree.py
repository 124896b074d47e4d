"""A child process, and the most memory that it and its own children have together."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Sequence
from tempfile import TemporaryFile

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
    with TemporaryFile("w+", encoding="utf-8") as file:  # a pipe would be full at some length
        with subprocess.Popen(command, stdout=file, text=True) as child:
            most = 0
            root = psutil.Process(child.pid)
            while child.poll() is None:
                most = max(most, _memory_of_tree(root))
                time.sleep(_PAUSE)
        file.seek(0)
        output = file.read()
    if child.returncode:
        raise subprocess.CalledProcessError(child.returncode, list(command), output)
    return output, most


def _memory_of_tree(root: psutil.Process) -> int:
    try:
        return sum(_memory_of(process) for process in (root, *root.children(recursive=True)))
    except psutil.Error:
        return 0


def _memory_of(process: psutil.Process) -> int:
    try:
        return int(getattr(process.memory_full_info(), "pss", 0) or process.memory_info().rss)
    except psutil.Error:  # ended meanwhile, or another user's
        return 0
