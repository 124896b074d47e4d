"""Ending all that this process has started."""

import subprocess

import psutil

from dermaflow.cli.descendants import descendants, kill_descendants
from waiting import wait_until


def test_all_below_are_killed_but_those_that_were_there_before():
    spared = subprocess.Popen(["sleep", "600"])
    before = descendants()
    assert spared.pid in before
    shell = "sleep 600 & (sleep 600 & wait) & setsid sleep 600 & wait"
    started = subprocess.Popen(["/bin/sh", "-c", shell])
    below = psutil.Process(started.pid)
    wait_until(lambda: len(below.children(recursive=True)) >= 4)
    family = [below, *below.children(recursive=True)]
    kill_descendants(before)
    started.wait(30)
    _, alive = psutil.wait_procs(family, 30)
    assert [one for one in alive if one.status() != psutil.STATUS_ZOMBIE] == []
    assert spared.poll() is None
    spared.kill()
    spared.wait()
