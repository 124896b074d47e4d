"""A run whose process was killed: who goes on in it, and how the others leave it."""

import json
import os
import subprocess

import psutil
import pytest

from dermaflow.tracking.killed_run import nested_runs, settle_killed_run, write_marker
from waiting import wait_until


@pytest.fixture
def process():
    """Another process, which lives until a test kills it."""
    process = subprocess.Popen(["sleep", "600"])
    yield process
    process.kill()
    process.wait()


@pytest.fixture
def leave(experiment, store, marker):
    """Make a run and its marker as a process leaves them that is gone; gives the run's id."""

    def make(does="this", status="RUNNING", tags=(), **changes):
        run_id = experiment.make_run(status=status, tags=tags)
        write_marker(marker, run_id, store.tracking_uri, does)
        left = json.loads(marker.read_text())
        # This process's number, which another process had before it, as in a container.
        marker.write_text(json.dumps(left | {"started": left["started"] - 9} | changes))
        return run_id

    return make


@pytest.fixture
def settle(store, marker):
    """Settle what the marker tells of, for a run that is to do something."""
    return lambda does: settle_killed_run(marker, store.tracking_uri, does)


def test_the_marker_names_the_run_and_this_process_and_replaces_an_older_one_whole(marker):
    marker.write_text("of a run before")
    older = marker.with_name("older")
    older.hardlink_to(marker)
    write_marker(marker, "abc", "sqlite:///a.db", "this")
    assert json.loads(marker.read_text()) == {
        "run_id": "abc",
        "tracking_uri": "sqlite:///a.db",
        "does": "this",
        "pid": os.getpid(),
        "started": psutil.Process().create_time(),
    }
    assert older.read_text() == "of a run before"  # the file was replaced, not written over


@pytest.mark.parametrize("status", ["RUNNING", "KILLED"])
def test_whoever_does_the_same_goes_on_in_it(experiment, leave, settle, status):
    run_id = leave(status=status, tags={"error": "KeyboardInterrupt"})
    for times in ("1", "2"):
        assert settle("this") == run_id
        tags = experiment.client.get_run(run_id).data.tags
        assert tags["resumed"] == times
        assert "error" not in tags


@pytest.mark.parametrize(("left", "asked"), [("this", "that"), ("this", None), (None, None)])
def test_whoever_does_anything_else_marks_it_as_killed(experiment, leave, settle, left, asked):
    run_id = leave(left)
    assert settle(asked) is None
    run = experiment.client.get_run(run_id)
    assert run.info.status == "KILLED"
    assert run.data.tags["error"] == f"process {os.getpid()} was killed"
    assert "resumed" not in run.data.tags


def test_parts_that_were_open_are_marked_as_killed_with_it(experiment, leave, settle):
    run_id, other = leave(), experiment.make_run()

    def make_part(name, parent=run_id, status="RUNNING"):
        tags = {"mlflow.parentRunId": parent}
        return experiment.make_run(name, status=status, tags=tags)

    parts = [make_part("done", status="FINISHED"), make_part("open"), make_part("gone")]
    parts.append(make_part("of another run", parent=other))
    experiment.client.delete_run(parts[2])
    found = nested_runs(experiment.client, run_id)
    assert {part.info.run_name for part in found} == {"done", "open"}
    settle("that")
    status = [experiment.client.get_run(part).info.status for part in parts]
    assert status == ["FINISHED", "KILLED", "RUNNING", "RUNNING"]


def test_a_run_that_told_its_own_end_keeps_what_it_told(experiment, leave, settle):
    run_id = leave(status="KILLED", tags={"error": "KeyboardInterrupt"})
    before = experiment.client.get_run(run_id).info.end_time
    assert settle("that") is None
    run = experiment.client.get_run(run_id)
    assert (run.data.tags["error"], run.info.end_time) == ("KeyboardInterrupt", before)


@pytest.mark.parametrize("status", ["FINISHED", "FAILED"])
def test_a_run_that_has_ended_is_not_opened_again(experiment, leave, settle, status):
    run_id = leave(status=status, tags={"error": "of its own"})
    assert settle("this") is settle("that") is None
    run = experiment.client.get_run(run_id)
    assert run.info.status == status
    assert run.data.tags["error"] == "of its own"
    assert "resumed" not in run.data.tags


def test_a_run_that_was_deleted_stays_deleted(experiment, leave, settle):
    run_id = leave()
    experiment.client.delete_run(run_id)
    assert settle("this") is settle("that") is None
    run = experiment.client.get_run(run_id)
    assert (run.info.lifecycle_stage, run.info.status) == ("deleted", "RUNNING")


def test_a_run_is_left_alone_while_its_process_lives(experiment, leave, settle, process):
    started = psutil.Process(process.pid).create_time()
    run_id = leave(pid=process.pid, started=started)
    assert settle("this") is settle("that") is None
    assert experiment.client.get_run(run_id).info.status == "RUNNING"
    process.kill()
    wait_until(lambda: psutil.Process(process.pid).status() == psutil.STATUS_ZOMBIE)
    assert settle("this") == run_id  # though nobody has asked how the process ended
    process.wait()


def test_a_marker_of_another_store_tells_nothing_of_this_one(experiment, leave, settle):
    run_id = leave(tracking_uri="sqlite:////another/mlflow.db")
    assert settle("this") is settle("that") is None
    assert experiment.client.get_run(run_id).info.status == "RUNNING"


@pytest.mark.parametrize("content", [None, "", '{"run_id": "ab', "{}", "[]", b"\xff"])
def test_a_marker_that_cannot_be_read_is_none(settle, marker, content):
    if content is not None:
        marker.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert settle("this") is None


def test_a_marker_of_a_run_that_the_store_does_not_know_is_none(leave, settle):
    leave(run_id="0" * 32)
    assert settle("this") is None
