"""Limits of containers as files of Linux's control groups, of both versions."""

import os
import shutil
import subprocess
import sys

import pytest

from data.small_disk import needs_mount
from dermaflow.io.processors import (
    ROUNDS_OF_WAITING,
    processor_share,
    processors,
    settle_threads,
    usable,
)

POD = "/kubepods.slice/kubepods-burstable.slice/cri-containerd-4f1b.scope"
# As /proc/self/cgroup of a host with version 1 has it.
V1 = """12:cpuset:{path}
7:cpu,cpuacct:{path}
4:memory:{path}
1:name=systemd:{path}
0::/system.slice/containerd.service
"""


@pytest.fixture
def share(tmp_path):
    """The share by the text of the membership and the files of groups."""

    def find(membership, files):
        root = tmp_path / "cgroup"
        for name, text in files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(f"{text}\n")
        (tmp_path / "self").write_text(membership)
        return processor_share(root, tmp_path / "self")

    return find


@pytest.mark.parametrize(
    ("quota", "expected"),
    [
        ("max 100000", None),
        ("400000 100000", 4),
        ("150000 100000", 2),  # rounded up
        ("10000 100000", 1),
        ("25000 50000", 1),
        ("100001 50000", 3),
    ],
)
def test_a_container_of_version_2_sees_its_own_group_as_the_root(share, quota, expected):
    assert share("0::/\n", {"cpu.max": quota, "cpu.weight": "100"}) == expected


def test_of_nested_groups_the_tightest_holds_which_may_be_above(share):
    above = POD.rpartition("/")[0]
    files = {
        f"{POD[1:]}/cpu.max": "max 100000",
        f"{above[1:]}/cpu.max": "300000 100000",
        "kubepods.slice/cpu.max": "3200000 100000",
    }
    assert share(f"0::{POD}\n", files) == 3
    assert share(f"0::{POD}\n", {f"{POD[1:]}/cpu.max": "200000 100000"}) == 2
    # Another group's limit is not ours.
    assert share("0::/user.slice\n", files) is None


def test_a_path_that_the_container_does_not_see_leaves_what_is_mounted(share):
    assert share(f"0::{POD}\n", {"cpu.max": "200000 100000"}) == 2
    assert share("0::/../../other\n", {"cpu.max": "500000 100000"}) == 5


@pytest.mark.parametrize("mount", ["cpu,cpuacct", "cpu"])
@pytest.mark.parametrize("inside", ["", "docker/4f1b/"])
def test_version_1_has_quota_and_period_in_files_of_their_own(share, mount, inside):
    files = {
        f"{mount}/{inside}cpu.cfs_quota_us": "250000",
        f"{mount}/{inside}cpu.cfs_period_us": "100000",
    }
    assert share(V1.format(path="/docker/4f1b"), files) == 3
    no_limit = {f"{mount}/{inside}cpu.cfs_quota_us": "-1"}
    assert share(V1.format(path="/docker/4f1b"), no_limit) is None


def test_without_control_groups_there_is_no_limit(tmp_path):
    assert processor_share(tmp_path, tmp_path / "none") is None


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="Linux only")
def test_the_processors_are_at_most_those_that_the_process_may_run_on():
    before = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(before)})
        processors.cache_clear()
        assert (usable(), processors()) == (1, 1)
    finally:
        os.sched_setaffinity(0, before)
        processors.cache_clear()
    assert 1 <= processors() <= len(before)


SETTLED = ("OMP_NUM_THREADS", "GOMP_SPINCOUNT", "OMP_WAIT_POLICY")
LIMITED = """
mount -t tmpfs groups /sys/fs/cgroup
echo "100000 100000" > /sys/fs/cgroup/cpu.max
exec "$0" -c "$1"
"""
COMMAND = """
import os
from dermaflow import hooks
from dermaflow.io.processors import processors
print(processors(), os.environ["OMP_NUM_THREADS"])
"""
TORCH_FIRST = """
import torch
import dermaflow.ml
print(torch.get_num_threads())
"""
NOTHING_FIRST = """
import os, sys
import dermaflow.ml
print("torch" in sys.modules, os.environ["OMP_NUM_THREADS"], os.environ["GOMP_SPINCOUNT"])
"""


@needs_mount
@pytest.mark.skipif(usable() == 1, reason="needs two processors")
@pytest.mark.parametrize(
    ("code", "said"),
    [(COMMAND, "1 1"), (TORCH_FIRST, "1"), (NOTHING_FIRST, f"False 1 {ROUNDS_OF_WAITING}")],
)
def test_threads_are_for_the_containers_share(code, said):
    kept = {name: value for name, value in os.environ.items() if name not in SETTLED}
    done = subprocess.run(
        (shutil.which("unshare"), "-Urm", "sh", "-ec", LIMITED, sys.executable, code),
        env=kept,
        capture_output=True,
        text=True,
    )
    assert done.stdout.strip() == said, done.stderr


@pytest.mark.parametrize(
    ("given", "count"),
    [
        ({}, ROUNDS_OF_WAITING),
        ({"GOMP_SPINCOUNT": "0"}, "0"),
        ({"OMP_WAIT_POLICY": "active"}, None),  # the count would go before it
    ],
)
def test_waiting_threads_give_way_sooner_unless_the_user_has_said_how_they_wait(
    monkeypatch, given, count
):
    for name in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY"):
        monkeypatch.setenv(name, "")  # whatever it is afterwards, it is taken back
        monkeypatch.delenv(name)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    settle_threads()
    assert os.environ.get("GOMP_SPINCOUNT") == count
