"""A lock that is held alone or shared, between processes and within one."""

import os
import subprocess
import sys

import pytest

from dermaflow.io.shared_lock import SharedLock

HOLD = """
import sys
from pathlib import Path
from dermaflow.io.shared_lock import SharedLock
lock = SharedLock(Path(sys.argv[1]))
print(getattr(lock, sys.argv[2])(), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def file(tmp_path):
    return tmp_path / "locks" / "train.lock"


@pytest.fixture
def locks(file):
    """Three locks on one name, as different processes have them."""
    return [SharedLock(file) for _ in range(3)]


def test_one_holds_it_alone_or_many_share_it(locks):
    first, second, third = locks
    assert first.share() and second.share()
    assert not third.take()
    first.release()
    assert not third.take()
    second.release()
    assert third.take()
    assert not first.share() and not first.take()
    assert (third.is_held_alone, first.is_held) == (True, False)


def test_one_that_could_not_be_taken_is_not_half_held(locks):
    first, second, third = locks
    first.share()
    assert not second.take()
    assert not second.is_held and not second.is_held_alone
    assert third.share()  # what second has got of it would be in the way


def test_taken_and_then_shared_it_lets_others_share_and_nobody_take_it(locks):
    first, second, third = locks
    first.take()
    assert first.share()
    assert not first.is_held_alone
    assert second.share()
    assert not third.take()


def test_whoever_waits_for_it_gets_nothing_in_between(locks, file, monkeypatch):
    """The other tries at each step of the system that sharing takes."""
    import fcntl

    first, other, _ = locks
    first.take()
    tried = []
    flock = fcntl.flock

    def step(descriptor, kind):
        flock(descriptor, kind)
        if kind == fcntl.LOCK_SH:
            monkeypatch.setattr(fcntl, "flock", flock)
            tried.append(other.take())

    monkeypatch.setattr(fcntl, "flock", step)
    assert first.share()
    assert tried == [False]
    assert not other.take()


def test_sharing_is_given_up_before_it_is_held_alone_so_that_two_do_not_wait_for_each_other(locks):
    first, second, _ = locks
    first.share()
    second.share()
    assert not first.take()
    assert not first.is_held
    assert second.take()


@pytest.mark.parametrize("how", ["take", "share"])
def test_a_killed_process_holds_nothing_and_a_living_one_is_named(file, how):
    command = [sys.executable, "-c", HOLD, str(file), how]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout.readline() == "True\n"
        lock = SharedLock(file)
        assert not lock.take()
        assert lock.holders() == [other.pid]
        other.kill()
        other.wait()
        assert lock.holders() == []
        assert lock.take()


def test_its_own_process_is_not_among_the_others(locks):
    first, second, _ = locks
    first.take()
    first.share()
    assert second.holders() == []
    assert str(os.getpid()) in second.file.with_suffix(".users").read_text()


def test_what_is_no_process_id_in_the_files_names_nobody(locks, file):
    locks[0].take()
    file.write_text("someone\n-1\n")
    assert locks[1].holders() == []
