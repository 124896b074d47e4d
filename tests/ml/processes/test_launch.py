"""Several processes train as one does, whatever happens to them."""

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from dermaflow.errors import TrainingError
from dermaflow.ml.processes.group import World
from dermaflow.ml.processes.launch import run_together
from dermaflow.ml.processes.sync_norm import SyncBatchNorm2d, synchronised
from dermaflow.ml.training.fit import finished_result
from dermaflow.ml.training.training_job import ImageList, TrainingJob
from ml import small_training
from ml.recipes import make_params
from ml.small_training import PREPROCESS, ignore, make_sets
from runs.kills import several_processes as work


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
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        assert running.poll() is None, running.stderr.read()[-3000:]
        done = [int(path.stem.split("_")[1]) for path in scratch.glob("*_*.safetensors")]
        children = psutil.Process(running.pid).children()
        workers = [child for child in children if "spawn_main" in " ".join(child.cmdline())]
        if len(workers) == 2 and max(done, default=0) >= steps:
            return workers
        time.sleep(0.01)
    raise AssertionError("the training did not begin")


def assert_same(result, other):
    assert result.history == other.history
    assert all(torch.equal(result.tensors[name], other.tensors[name]) for name in other.tensors)


def test_shares_are_the_whole_in_order():
    items = list(range(10))
    for size in (1, 2, 3, 5):
        shares = [items[World(rank, size).share(10)] for rank in range(size)]
        assert [item for share in shares for item in share] == items
        assert max(map(len, shares)) - min(map(len, shares)) <= 1


def test_a_synchronised_network_is_the_same_network():
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Sequential(nn.BatchNorm2d(4)))
    network[1].running_mean.uniform_()
    network[2][0].weight.requires_grad_(False)
    before = {key: value.clone() for key, value in network.state_dict().items()}
    synchronised(network, torch.device("cpu"))
    assert isinstance(network[1], SyncBatchNorm2d)
    assert isinstance(network[2][0], SyncBatchNorm2d)
    assert not network[2][0].weight.requires_grad
    after = network.state_dict()
    assert list(after) == list(before)
    assert all(torch.equal(after[key], before[key]) for key in before)


def test_batch_norm_over_two_processes_is_that_of_the_whole_batch(tmp_path):
    run_together(work.normalise, (str(tmp_path),), 2, work.TIMEOUT)
    norm, images = work.norm_and_images()
    output = norm(images)
    work.weigh(output, 0).backward()
    parts = [load_file(tmp_path / f"{rank}.safetensors") for rank in (0, 1)]
    for key, whole in {"output": output, "gradient": images.grad}.items():
        joined = torch.cat([part[key] for part in parts])
        torch.testing.assert_close(joined, whole.detach(), atol=1e-5, rtol=1e-4)
    weight = parts[0]["weight_gradient"] + parts[1]["weight_gradient"]
    torch.testing.assert_close(weight, norm.weight.grad, atol=1e-4, rtol=1e-4)
    for part in parts:
        torch.testing.assert_close(part["running_mean"], norm.running_mean)
        torch.testing.assert_close(part["running_var"], norm.running_var)


def test_two_processes_train_as_one_does(folder, together, tmp_path):
    """The same loss curve, within what the order of sums changes."""
    alone = work.train(str(folder), str(tmp_path))
    assert len(together.history) == len(alone.history)
    for ours, theirs in zip(together.history, alone.history, strict=True):
        assert ours == pytest.approx(theirs, abs=1e-4)
    for name, tensor in alone.tensors.items():
        torch.testing.assert_close(together.tensors[name], tensor, atol=1e-4, rtol=1e-3)


@pytest.mark.parametrize("kills", [1, pytest.param(20, marks=pytest.mark.slow)])
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


def test_a_users_error_is_raised_once_and_not_tried_again(tmp_path):
    with pytest.raises(TrainingError, match="the loss is nan"):
        run_together(work.fail, (str(tmp_path),), 2, work.TIMEOUT)
    assert len(list(tmp_path.iterdir())) == 2  # each process began once


def test_a_hang_ends_by_the_timeout(tmp_path, monkeypatch):
    monkeypatch.setattr("dermaflow.ml.processes.launch.RESTARTS", 1)
    with pytest.raises(TrainingError, match=r"ended too often .* Timed out"):
        run_together(work.hang, (str(tmp_path),), 2, timeout=3)
    assert len(list(tmp_path.iterdir())) == 4  # both, twice


def test_a_job_trains_the_real_network_in_two_processes(folder, tmp_path):
    """From the file of the job to the finished training; an epoch of four updates.

    Small ones: on 16 pixels, ResNet-50's last batch norms see a value an image, and what the order
    of sums changes soon grows.
    """
    train, val = small_training.open_sets(folder)
    params = make_params(
        epochs=1,
        learning_rate=1e-6,
        checkpoint_seconds=3600,
        processes=2,
        timeout_seconds=120,
    )
    job = TrainingJob(
        classes=2,
        train=[ImageList.of(train)],
        val=ImageList.of(val),
        preprocess=PREPROCESS.to_dict(),
        params=params,
        seed=1,
        checkpoints=str(tmp_path),
        made_from={"run": "a"},
    )
    alone = job.model_copy(
        update={
            "params": params.model_copy(update={"processes": 1}),
            "checkpoints": str(tmp_path / "alone"),
        }
    )
    results = [each.run(ignore) for each in (job, alone)]
    assert results[0].tensors.keys() == results[1].tensors.keys()
    together, single = (each.open_checkpoints().latest().tensors["losses"] for each in (job, alone))
    assert len(together) == 4
    torch.testing.assert_close(together, single, rtol=5e-3, atol=0)
