"""Several processes train as one does, whatever happens to them."""

import os
import signal
import subprocess
import sys

import psutil
import pytest
import torch

from dermaflow.errors import TrainingError
from dermaflow.ml.processes.launch import run_together
from dermaflow.ml.training.fit import finished_result
from ml import small_training
from ml.small_training import make_sets
from runs.kills import several_processes as work
from waiting import training_processes, wait_until


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where the images lie."""
    folder = tmp_path_factory.mktemp("sets")
    make_sets(folder)
    return folder


@pytest.fixture(scope="module")
def together(folder, tmp_path_factory):
    """What an undisturbed training in two processes ends with."""
    scratch = tmp_path_factory.mktemp("together")
    run_together(work.take_part, (str(folder), str(scratch)), 2, work.TIMEOUT)
    return outcome(scratch)


def outcome(scratch):
    return finished_result(work.checkpoints(scratch), small_training.PARAMS)


def start(folder, scratch):
    """The training as a program, with two processes of its own."""
    return subprocess.Popen(
        (sys.executable, work.__file__, str(folder), str(scratch)),
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )


def workers_of(running, scratch, steps):
    """The two processes of a training that has done some steps."""

    def in_training():
        done = [int(path.stem.split("_")[1]) for path in scratch.glob("*_*.safetensors")]
        workers = training_processes(running)
        return workers if len(workers) == 2 and max(done, default=0) >= steps else None

    return wait_until(in_training, running)


def assert_same(result, other):
    assert result.history == other.history
    assert all(torch.equal(result.tensors[name], other.tensors[name]) for name in other.tensors)


def test_two_processes_train_as_one_does(folder, together, tmp_path):
    """The same loss curve, within what the order of sums changes."""
    alone = work.train(str(folder), str(tmp_path))
    assert len(together.history) == len(alone.history)
    for ours, theirs in zip(together.history, alone.history, strict=True):
        assert ours == pytest.approx(theirs, abs=1e-4)
    for name, tensor in alone.tensors.items():
        torch.testing.assert_close(together.tensors[name], tensor, atol=1e-4, rtol=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("kills", [1, 20])
def test_killed_processes_are_started_again_and_the_training_ends_right(
    folder, together, tmp_path, kills
):
    """One kill in each training, of one process or the other, later each time."""
    for number in range(kills):
        scratch = tmp_path / str(number)
        running = start(folder, scratch)
        workers = workers_of(running, scratch, steps=1 + number * 13 // kills)
        workers[number % 2].kill()
        _, output = running.communicate(timeout=180)
        assert running.returncode == 0, output[-3000:]
        assert "Training goes on after step" in output
        assert_same(outcome(scratch), together)
        assert not any(worker.is_running() for worker in workers)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_no_process_survives_its_parent_and_the_next_goes_on(folder, together, tmp_path, number):
    running = start(folder, tmp_path)
    workers = workers_of(running, tmp_path, steps=2)
    running.send_signal(number)
    running.communicate(timeout=60)
    _, alive = psutil.wait_procs(workers, timeout=60)
    assert not alive
    assert outcome(tmp_path) is None
    run_together(work.take_part, (str(folder), str(tmp_path)), 2, work.TIMEOUT)
    assert_same(outcome(tmp_path), together)


@pytest.mark.slow
def test_no_log_of_a_process_holds_a_secret(capfd):
    run_together(work.log, ("at https://me:s3cret@host/x",), 1, work.TIMEOUT)
    said = capfd.readouterr().err
    assert "host/x" in said
    assert "s3cret" not in said


@pytest.mark.slow
def test_a_users_error_is_raised_once_and_not_tried_again(tmp_path):
    with pytest.raises(TrainingError, match="the loss is nan"):
        run_together(work.fail, (str(tmp_path),), 2, work.TIMEOUT)
    assert len(list(tmp_path.iterdir())) == 2  # each process began once


@pytest.mark.slow
def test_a_hang_ends_by_the_timeout(tmp_path, monkeypatch):
    monkeypatch.setattr("dermaflow.ml.processes.launch.RESTARTS", 1)
    with pytest.raises(TrainingError, match=r"ended too often .* Timed out"):
        run_together(work.hang, (str(tmp_path),), 2, timeout=3)
    assert len(list(tmp_path.iterdir())) == 4  # both, twice
