"""Processes below this one, and their end."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Collection
from contextlib import suppress

import psutil

_PR_SET_CHILD_SUBREAPER = 36


def adopt_orphans() -> None:
    """Become the parent of what processes below this one leave behind. On Linux only."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1)


def descendants() -> set[int]:
    """Ids of the processes below this one."""
    return {process.pid for process in psutil.Process().children(recursive=True)}


def kill_descendants(spared: Collection[int]) -> None:
    """Kill all processes below this one at once.

    They are stopped before they are killed: else one could start another meanwhile, or its children
    would be nobody's and not be found.

    Args:
        spared: ids of those that stay.
    """
    stopped = dict[int, psutil.Process]()
    while True:
        below = psutil.Process(os.getpid()).children(recursive=True)
        new = [one for one in below if one.pid not in stopped and one.pid not in spared]
        if not new:
            break
        for process in new:
            stopped[process.pid] = process
            with suppress(psutil.Error):
                process.suspend()
    for process in stopped.values():
        with suppress(psutil.Error):
            process.kill()
