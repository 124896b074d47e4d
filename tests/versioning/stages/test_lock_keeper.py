"""How a stage's process and its parent speak of locks."""

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from dermaflow.errors import BusyError
from dermaflow.io.shared_lock import SharedLock
from dermaflow.versioning.stages.lock_keeper import ADDRESS, ask_keeper, keep_locks

ASK = """
import sys
from pathlib import Path
from dermaflow.versioning.stages.lock_keeper import ask_keeper
print(ask_keeper(sys.argv[1], Path(sys.argv[2])))
"""


@pytest.fixture
def lock(tmp_path):
    lock = SharedLock(tmp_path / "train.lock")
    assert lock.share()
    return lock


def test_the_parent_lets_go_and_shares_again_as_another_process_asks(lock):
    def ask(what):
        command = [sys.executable, "-c", ASK, what, str(lock.file)]
        done = subprocess.run(command, env=variables, capture_output=True, text=True, check=True)
        return done.stdout.strip() == "True"

    with keep_locks({lock.file: lock}) as variables:
        assert ask("release")
        assert not lock.is_held
        assert ask("share")
        assert lock.is_held
        lock.release()
        other = SharedLock(lock.file)
        other.take()
        assert not ask("share")


def test_without_a_parent_that_keeps_the_lock_there_is_nothing_to_ask(lock, monkeypatch, tmp_path):
    monkeypatch.delenv(ADDRESS, raising=False)
    assert ask_keeper("release", lock.file)
    with keep_locks({lock.file: lock}) as variables:
        monkeypatch.setenv(ADDRESS, variables[ADDRESS])
        assert ask_keeper("release", tmp_path / "of_another_environment" / "train.lock")
    assert lock.is_held
    assert not Path(variables[ADDRESS]).exists()


def test_a_stage_whose_parent_was_killed_goes_no_further(lock, monkeypatch, tmp_path):
    monkeypatch.setenv(ADDRESS, str(tmp_path / "gone"))
    with pytest.raises(BusyError, match="`kedro repro`, whose stage this is, has ended"):
        ask_keeper("release", lock.file)


def test_a_long_temporary_folder_does_not_keep_the_parent_from_listening(
    lock, monkeypatch, tmp_path
):
    folder = tmp_path / ("x" * 120)
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    with keep_locks({lock.file: lock}) as variables:
        monkeypatch.setenv(ADDRESS, variables[ADDRESS])
        assert ask_keeper("release", lock.file)
    assert not lock.is_held
