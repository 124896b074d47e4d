"""Locks between processes."""

import errno
import os
import signal
import stat
import subprocess
import sys
from threading import Timer

import pytest

from dermaflow.io.file_lock import LockHeldError, lock_file, lock_folder, locked

HOLD = """
import sys
from pathlib import Path
from dermaflow.io.file_lock import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    input()
"""


@pytest.fixture
def file(tmp_path):
    return tmp_path / "new" / "lock"


@pytest.fixture
def other(file):
    """A process that holds the lock until its input is closed."""
    command = (sys.executable, "-c", HOLD, str(file))
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"held\n"
        yield process
        process.kill()


def test_who_waits_says_so_and_gets_it(file, other, caplog):
    Timer(0.3, other.stdin.close).start()
    with caplog.at_level("INFO"), locked(file):
        assert f"Waiting for another process that holds {file}" in caplog.text
        assert file.read_text() == str(os.getpid())


def test_who_does_not_wait_is_told_which_process_holds_it(file, other):
    with pytest.raises(LockHeldError) as caught, locked(file, wait=False):
        pass
    assert caught.value.process == str(other.pid)
    assert file.read_text() == str(other.pid)  # a loser leaves the file alone


def test_a_killed_process_holds_nothing(file, other):
    other.kill()
    other.wait()
    with locked(file, wait=False):
        assert file.read_text() == str(os.getpid())


def test_a_fork_of_a_killed_process_holds_nothing(file):
    """Workers of a data loader outlive the process that was killed for a moment."""
    fork = """    if not os.fork():
        print(os.getpid(), flush=True)
    time.sleep(60)"""
    code = "import os, time\n" + HOLD.replace("    input()", fork)
    command = (sys.executable, "-c", code, str(file))
    with subprocess.Popen(command, stdout=subprocess.PIPE) as parent:
        assert parent.stdout.readline() == b"held\n"
        child = int(parent.stdout.readline())
        parent.kill()
    try:
        with locked(file, wait=False):
            os.kill(child, 0)  # it lives
    finally:
        os.kill(child, signal.SIGKILL)


def test_the_id_replaces_a_longer_one(file):
    file.parent.mkdir()
    file.write_text("1" * 30)
    with locked(file):
        assert file.read_text() == str(os.getpid())


def test_a_failed_block_lets_go_and_leaves_the_file(file):
    with pytest.raises(RuntimeError), locked(file):
        raise RuntimeError
    with locked(file, wait=False):
        pass
    assert file.exists()


def test_whoever_may_write_new_files_may_lock(file):
    before = os.umask(0o002)
    try:
        with locked(file):
            assert stat.S_IMODE(file.stat().st_mode) == 0o664
    finally:
        os.umask(before)


def test_a_mode_that_is_asked_for_counts_whatever_the_umask(file):
    before = os.umask(0o077)
    try:
        with locked(file, mode=0o666):
            assert stat.S_IMODE(file.stat().st_mode) == 0o666
    finally:
        os.umask(before)


def test_a_file_system_without_locks_is_an_error(file, monkeypatch):
    """A file that stands for the lock would outlive a killed process."""

    def refuse(*_):
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))

    monkeypatch.setattr("fcntl.flock", refuse)
    with pytest.raises(OSError, match=os.strerror(errno.ENOSYS)), locked(file):
        pass


def test_a_folder_is_locked_once(tmp_path):
    first = lock_folder(tmp_path)
    assert lock_folder(tmp_path, wait=False) is None
    Timer(0.2, os.close, [first]).start()
    second = lock_folder(tmp_path)  # waits for the first to be closed
    assert second is not None
    os.close(second)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_gone_is_not_locked(tmp_path):
    assert lock_folder(tmp_path / "gone") is None


def test_a_files_own_lock_goes_with_it_where_it_is_renamed(tmp_path):
    file, renamed = tmp_path / "a", tmp_path / "b"
    with pytest.raises(FileNotFoundError):
        lock_file(file)
    file.touch()
    descriptor = lock_file(file)
    file.rename(renamed)
    file.touch()
    os.close(lock_file(file))  # another file of the old name
    assert lock_file(renamed) is None
    os.close(descriptor)
    os.close(lock_file(renamed))
