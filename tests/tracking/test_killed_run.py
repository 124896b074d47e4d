"""Runs whose processes were killed: who goes on in which, and how the others leave them."""

import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from dermaflow.tracking import killed_run
from dermaflow.tracking.killed_run import RunMarker, nested_runs, settle_killed_runs
from waiting import wait_until

PASSWORD_URI = "postgresql://ward:hunter2@db/runs"


@pytest.fixture
def leave(experiment, store, open_runs):
    """Make a run and its note as a process leaves them that is gone; gives the run's id."""

    def make(does="this", status="RUNNING", tags=(), written=None, **changes):
        run_id = experiment.make_run(status=status, tags=tags)
        RunMarker(open_runs, run_id, store.tracking_uri, does).close(keep=True)
        note = open_runs / f"{run_id}.json"
        note.write_text(json.dumps(json.loads(note.read_text()) | changes))
        if written is not None:
            os.utime(note, (written, written))
        return run_id

    return make


@pytest.fixture
def settle(experiment, store, open_runs):
    """Settle what was left, for a run that is to do something; gives the id it goes on in."""

    def run(does):
        marker = settle_killed_runs(open_runs, store.tracking_uri, does, experiment.id)
        if marker:
            marker.close(keep=True)
        return marker and marker.run_id

    return run


def notes(open_runs):
    return {path.stem for path in open_runs.glob("*.json")}


def test_a_note_names_the_run_and_holds_no_secret(open_runs):
    marker = RunMarker(open_runs, "abc", PASSWORD_URI, "this")
    assert json.loads((open_runs / "abc.json").read_text()) == {
        "run_id": "abc",
        "tracking_uri": "postgresql://ward:***@db/runs",
        "does": "this",
        "pid": os.getpid(),
        "file": str(open_runs / "abc.json"),
    }
    marker.close(keep=False)
    marker.close(keep=False)  # nothing is left to let go of
    assert notes(open_runs) == set()


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


def test_a_run_that_was_marked_as_killed_by_others_still_goes_on(experiment, leave, settle):
    run_id = leave("this")
    for other in ("that", "another", None):
        assert settle(other) is None
    assert settle("this") == run_id


def test_every_run_that_was_left_is_settled(experiment, leave, settle, open_runs):
    runs = [leave("this"), leave("that"), leave(None), leave("another")]
    assert settle("that") == runs[1]
    status = [experiment.client.get_run(run_id).info.status for run_id in runs]
    assert status == ["KILLED", "RUNNING", "KILLED", "KILLED"]
    assert notes(open_runs) == {runs[0], runs[1], runs[3]}  # that of `kedro repro` never goes on


def test_of_several_that_did_the_same_the_latest_goes_on(experiment, leave, settle, open_runs):
    older, latest = leave(written=1000), leave(written=2000)
    assert settle("this") == latest
    assert experiment.client.get_run(older).info.status == "KILLED"
    assert notes(open_runs) == {latest}


def test_a_run_of_another_experiment_does_not_go_on(experiment, leave, store, open_runs):
    run_id = leave()
    assert settle_killed_runs(open_runs, store.tracking_uri, "this", "another") is None
    assert experiment.client.get_run(run_id).info.status == "KILLED"


def test_the_copy_of_a_note_leaves_the_run_to_the_original(
    experiment, leave, store, open_runs, tmp_path
):
    run_id = leave()
    copy, moved = tmp_path / "copy", tmp_path / "moved"
    shutil.copytree(open_runs, copy)
    assert settle_killed_runs(copy, store.tracking_uri, "this", experiment.id) is None
    assert experiment.client.get_run(run_id).info.status == "RUNNING"
    open_runs.rename(moved)
    marker = settle_killed_runs(moved, store.tracking_uri, "this", experiment.id)
    assert marker.run_id == run_id
    marker.close(keep=False)


def test_no_more_than_some_wait_for_others_to_go_on(leave, settle, open_runs, monkeypatch):
    monkeypatch.setattr(killed_run, "KEPT", 2)
    runs = [leave(f"does {number}", written=number) for number in range(4)]
    assert settle("that") is None
    assert notes(open_runs) == set(runs[2:])


def test_two_that_start_at_the_same_moment_do_not_go_on_in_the_same(
    experiment, leave, store, open_runs
):
    run_id = leave()
    with ThreadPoolExecutor(4) as pool:
        found = pool.map(
            lambda _: settle_killed_runs(open_runs, store.tracking_uri, "this", experiment.id),
            range(4),
        )
        claimed = [marker for marker in found if marker]
    assert [marker.run_id for marker in claimed] == [run_id]
    claimed[0].close(keep=False)


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
def test_a_run_that_has_ended_is_not_opened_again(experiment, leave, settle, open_runs, status):
    run_id = leave(status=status, tags={"error": "of its own"})
    assert settle("this") is settle("that") is None
    run = experiment.client.get_run(run_id)
    assert run.info.status == status
    assert run.data.tags["error"] == "of its own"
    assert "resumed" not in run.data.tags
    assert notes(open_runs) == set()


def test_a_run_that_was_deleted_stays_deleted(experiment, leave, settle):
    run_id = leave()
    experiment.client.delete_run(run_id)
    assert settle("this") is settle("that") is None
    run = experiment.client.get_run(run_id)
    assert (run.info.lifecycle_stage, run.info.status) == ("deleted", "RUNNING")


HOLD = """
import os, signal, sys
from pathlib import Path
from dermaflow.tracking.killed_run import RunMarker
RunMarker(Path(sys.argv[1]), sys.argv[2], sys.argv[3], "this")
if os.fork() == 0:
    os.close(1)
    signal.alarm(60)
    signal.pause()  # a worker that outlives it
print("open", flush=True)
signal.pause()
"""


def test_a_run_is_left_alone_while_its_process_lives_whatever_workers_outlive_it(
    experiment, store, settle, open_runs
):
    run_id = experiment.make_run(status="RUNNING")
    command = [sys.executable, "-c", HOLD, str(open_runs), run_id, store.tracking_uri]
    with subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True) as process:
        try:
            assert process.stdout.readline() == b"open\n"
            # As it would be in another container, where the same number is another process's.
            assert settle("this") is settle("that") is None
            assert experiment.client.get_run(run_id).info.status == "RUNNING"
            process.kill()
            wait_until(lambda: settle("this") == run_id)  # though nobody has asked how it ended
        finally:
            os.killpg(process.pid, 9)


def test_a_note_of_another_store_tells_nothing_of_this_one(experiment, leave, settle):
    run_id = leave(tracking_uri="sqlite:////another/mlflow.db")
    assert settle("this") is settle("that") is None
    assert experiment.client.get_run(run_id).info.status == "RUNNING"


@pytest.mark.parametrize("content", ["", '{"run_id": "ab', "{}", "[]", b"\xff"])
def test_a_note_that_cannot_be_read_hides_no_other(settle, leave, open_runs, content):
    run_id = leave()
    (open_runs / "damaged.json").write_bytes(
        content if isinstance(content, bytes) else content.encode()
    )
    assert settle("this") == run_id


def test_where_no_run_was_opened_yet_nothing_is_settled_or_made(settle, open_runs):
    assert settle("this") is None
    assert not open_runs.exists()


def test_a_note_of_a_run_that_the_store_does_not_know_is_none(leave, settle):
    leave(run_id="0" * 32)
    assert settle("this") is None
