"""How many processors this process may use, also inside a container."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from pathlib import Path, PurePosixPath

CGROUPS, MEMBERSHIP = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")

# GNU's own number is some 300,000. With this one networks ran as fast alone, within 5 %, and 1.4 to
# 2 times as fast beside another training (docs/decisions/0032-waiting-threads.md).
ROUNDS_OF_WAITING = "10000"


@lru_cache
def processors() -> int:
    """The fewer of those that the process may run on and its container's share, rounded up."""
    share = processor_share()
    return usable() if share is None else min(usable(), share)


def settle_threads() -> None:
    """Set the variables by which libraries choose their threads, for this process and its children.

    Torch, BLAS and Arrow take a thread for each processor, though a container has a share of them.
    And a thread of GNU's OpenMP that waits for others keeps its processor busy for long, which
    costs a training most of its speed where something else runs, too. What the user has set stays.
    They read the variables when they are first imported; a torch that is there already is only
    told how many threads to use.
    """
    if processors() < usable() and "OMP_NUM_THREADS" not in os.environ:
        os.environ["OMP_NUM_THREADS"] = str(processors())
        if torch := sys.modules.get("torch"):
            torch.set_num_threads(processors())
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", ROUNDS_OF_WAITING)


def usable() -> int:
    """Processors that the process may run on, whatever its container's share of them is."""
    if hasattr(os, "process_cpu_count"):  # Python 3.13; PYTHON_CPU_COUNT sets it
        return os.process_cpu_count() or 1
    affinity = getattr(os, "sched_getaffinity", None)  # not on macOS
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def processor_share(cgroups: Path = CGROUPS, membership: Path = MEMBERSHIP) -> int | None:
    """Processors' worth of time that Linux's control groups grant the process; None for no limit.

    It is what ``docker run --cpus`` and a pod's ``resources.limits.cpu`` set. The tightest of the
    process's group and those above it holds.

    Args:
        cgroups: where control groups are mounted, of either version.
        membership: the groups of the process, as ``/proc/self/cgroup`` has them.

    Returns:
        At least 1; a part of a processor counts as a whole one.
    """
    limits: list[float] = []
    with suppress(OSError):  # no Linux
        for line in membership.read_text(encoding="utf-8").splitlines():
            _, controllers, path = line.split(":", 2)
            for folder in _folders(cgroups, controllers, path):
                limits.extend(_limit(folder))
    return max(1, -int(-min(limits) // 1)) if limits else None


def _folders(cgroups: Path, controllers: str, path: str) -> Iterator[Path]:
    """The process's group and those above it; in a container, the mount may begin at the group."""
    mounts = [cgroups, cgroups / "unified"]
    if controllers:
        names = controllers.split(",")
        mounts = [cgroups / controllers, cgroups / "cpu"] if "cpu" in names else []
    # Of a group outside the container's view, the path begins with `..`.
    inside = PurePosixPath(*(part for part in PurePosixPath(path).parts if part not in "/.."))
    for mount in mounts:
        yield from (mount / group for group in (inside, *inside.parents))


def _limit(folder: Path) -> Iterator[float]:
    """Processors that the files of one group grant, of version 2 or 1."""
    with suppress(OSError, ValueError):  # `max` stands for no limit
        quota, period = (folder / "cpu.max").read_text(encoding="utf-8").split()
        yield int(quota) / int(period)
    with suppress(OSError, ValueError):
        quota = (folder / "cpu.cfs_quota_us").read_text(encoding="utf-8")
        if int(quota) > 0:  # -1 stands for no limit
            yield int(quota) / int((folder / "cpu.cfs_period_us").read_text(encoding="utf-8"))
