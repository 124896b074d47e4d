"""Which locks a run holds, what it does where another is in the way, and who holds them then."""

import logging
import threading

import pytest

from dermaflow.errors import BusyError, RunningError
from dermaflow.io.shared_lock import SharedLock
from dermaflow.versioning.stages import stage_locks
from dermaflow.versioning.stages.lock_keeper import keep_locks
from dermaflow.versioning.stages.stage_locks import StageLocks
from waiting import wait_until

NEEDED = {"ingest": False, "validate": True, "train": True}


@pytest.fixture(autouse=True)
def _no_time(monkeypatch):
    monkeypatch.setattr(stage_locks, "SECONDS_BETWEEN_TRIES", 0.01)
    monkeypatch.setattr(stage_locks, "SECONDS_OF_PATIENCE", 0)


@pytest.fixture
def locks(tmp_path):
    return StageLocks(tmp_path)


@pytest.fixture
def other(tmp_path):
    """Locks of another run of the environment."""
    return StageLocks(tmp_path)


def free(folder, stage):
    """Whether nobody holds a stage."""
    lock = SharedLock(folder / f"{stage}.lock")
    taken = lock.take()
    lock.release()
    return taken


@pytest.mark.parametrize(
    ("stage", "how", "in_the_way"),
    [
        ("ingest", "take", True),
        ("ingest", "share", False),
        ("train", "share", True),
        ("evaluate", "take", False),
    ],
)
def test_all_locks_are_held_or_none(tmp_path, locks, other, stage, how, in_the_way):
    getattr(other, how)(stage)
    if in_the_way:
        with pytest.raises(RunningError, match=rf"^{stage}: another run .*/{stage}\.lock.*wait"):
            locks.acquire(lambda: NEEDED, wait=False)
        assert all(free(tmp_path, name) for name in NEEDED if name != stage)
    else:
        locks.acquire(lambda: NEEDED, wait=False)
        assert not any(free(tmp_path, name) for name in NEEDED)
        locks.release()
        other.release()
        assert all(free(tmp_path, name) for name in NEEDED)


def test_what_is_needed_is_asked_again_once_the_locks_are_held(tmp_path, locks):
    """What another run has changed until then may have made this one need more."""
    answers = [{"ingest": False}, {"ingest": True}, {"ingest": True}, {"ingest": True}]
    locks.acquire(lambda: answers.pop(0), wait=False)
    assert answers == []
    assert not StageLocks(tmp_path)._lock("ingest").share()


def test_a_run_waits_until_the_other_has_ended_and_holds_nothing_meanwhile(
    tmp_path, locks, other, caplog
):
    other.take("train")
    with caplog.at_level(logging.INFO):
        waiting = threading.Thread(target=locks.acquire, args=(lambda: NEEDED, True))
        waiting.start()
        wait_until(lambda: "Waiting: train: another run" in caplog.text)
        assert waiting.is_alive()
        wait_until(lambda: free(tmp_path, "validate"))
        other.release()
        waiting.join(10)
    assert not waiting.is_alive()
    assert not free(tmp_path, "train")
    assert caplog.text.count("Waiting") == 1


def test_what_another_run_holds_for_a_moment_as_it_tries_is_not_in_the_way(
    locks, other, monkeypatch
):
    monkeypatch.setattr(stage_locks, "SECONDS_OF_PATIENCE", 30)
    other.take("train")
    monkeypatch.setattr(stage_locks.time, "sleep", lambda _: other.release())
    locks.acquire(lambda: NEEDED, wait=False)
    with pytest.raises(BusyError):
        other.share("train")


def test_a_stage_that_has_run_is_shared_and_then_only_shared(tmp_path, locks, other):
    locks.acquire(lambda: NEEDED, wait=False)
    with pytest.raises(BusyError):
        other.share("validate")
    locks.share("validate")
    other.share("validate")
    assert not free(tmp_path, "validate")
    with pytest.raises(BusyError):  # for a change by hand: another run has begun to read it
        locks.take("validate")


def test_a_parent_keeps_what_its_stage_has_used_and_gives_way_to_its_stages_alone(
    tmp_path, other, monkeypatch
):
    parent, stage = StageLocks(tmp_path), StageLocks(tmp_path)
    parent.acquire(lambda: dict.fromkeys(NEEDED, False), wait=False)
    with keep_locks(parent.by_file) as variables:
        with pytest.raises(BusyError):
            other.take("train")
        with monkeypatch.context() as patch:
            for name, value in variables.items():
                patch.setenv(name, value)
            stage.acquire(lambda: {"validate": False, "train": True}, wait=False)
            assert not parent._lock("train").is_held
            with pytest.raises(BusyError):
                other.take("train")
            stage.share("train")
            assert parent._lock("train").is_held
            stage.release()  # the process ends
        with pytest.raises(BusyError):
            other.take("train")
    parent.release()
    other.take("train")
