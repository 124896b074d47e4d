"""A time limit of real runs: what is left, and what goes on."""

import pytest

from dermaflow.io.shared_lock import SharedLock

TRAINING = (
    "--env",
    "smoke",
    "--pipelines",
    "train",
    "--params",
    "train.epochs=1000,train.patience=1000",
)


@pytest.fixture(scope="module")
def project(kept, tmp_path_factory):
    return kept.copy(tmp_path_factory.mktemp("limit") / "project", with_runs=True)


def test_waiting_for_another_run_counts(project):
    lock = SharedLock(project.folder / "data/smoke/stage_records/train.lock")
    assert lock.take()
    before = len(project.runs())
    try:
        waits = ("--if-running", "wait", "--time-limit", "5s")
        done = project.run("kedro", "run", "--env", "smoke", *waits, check=False)
    finally:
        lock.release()
    assert done.returncode == 17, done.stdout
    assert "Waiting: train: another run" in done.stdout
    assert "the time limit of 5s was reached; the same command goes on" in done.stdout
    assert len(project.runs()) == before


@pytest.mark.slow
def test_a_training_goes_on_within_the_epoch_in_the_same_run(project):
    limited = ("kedro", "run", *TRAINING, "--time-limit", "60s")
    first = project.run(*limited, check=False)
    assert first.returncode == 17, first.stdout
    (stopped, *_) = project.runs()
    said = "TimeLimitReached: the time limit of 60s was reached"
    assert (stopped.info.status, stopped.data.tags["error"]) == ("KILLED", said)
    assert list((project.folder / "data/smoke/unfinished/training").glob("*.safetensors"))
    again = project.run(*limited, check=False)
    assert "Training goes on after step" in again.stdout
    (last, *_) = project.runs()
    assert last.info.run_id == stopped.info.run_id
    assert (last.data.tags["resumed"], last.data.tags["error"]) == ("1", said)
