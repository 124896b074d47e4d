"""``kedro run`` after a SIGTERM and a ``kill -9`` in the middle of the training."""

import re
import signal
import subprocess
import time

import pytest
from mlflow import MlflowClient

from dermaflow.versioning.fingerprint import hash_path

RUN = ("kedro", "run", "--env", "smoke", "--pipelines", "ingest,validate,augment,train")
COMMAND = (*RUN, "--params", "train.checkpoint_seconds=0")
CHECKPOINTS = "data/smoke/unfinished/training"
CLASSIFIER = "data/smoke/06_models/classifier"


@pytest.fixture(scope="module")
def project(make_project):
    return make_project()


def stop(project, number, after):
    """Send a signal in a training that has done more than ``after`` steps; status and output."""
    running = subprocess.Popen(
        COMMAND,
        cwd=project.folder,
        env=project.environment,
        stderr=subprocess.STDOUT,
        stdout=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 300
    while (steps(project) or [0])[-1] <= after:
        assert running.poll() is None, running.communicate()[0][-3000:]
        assert time.monotonic() < deadline
        time.sleep(0.05)
    running.send_signal(number)
    output, _ = running.communicate(timeout=60)
    return running.returncode, output


def steps(project):
    names = [path.name for path in (project.folder / CHECKPOINTS).glob("*.safetensors")]
    return sorted(int(re.search(r"_(\d+)\.", name)[1]) for name in names)


def test_a_training_stopped_twice_ends_with_the_weights_of_one_that_was_not(project, finished):
    code, output = stop(project, signal.SIGTERM, after=1)
    assert code == 143
    assert output.splitlines()[-1] == "Interrupted: the same command goes on where it stopped"
    (run,) = project.runs()
    assert run.info.status == "KILLED"
    first = steps(project)[-1]

    code, output = stop(project, signal.SIGKILL, after=first + 1)
    assert code == -signal.SIGKILL
    assert f"Training goes on after step {first}," in output
    second = steps(project)[-1]

    output = project.run(*COMMAND).stdout
    found = int(re.search(r"Training goes on after step (\d+)", output)[1])
    assert found in (second, second - 1)  # the last may have been half-written
    for stage in ("ingest", "validate", "augment"):
        assert f"{stage}: unchanged, skipped" in output
    classifier = hash_path(project.folder / CLASSIFIER)
    assert classifier == hash_path(finished.folder / CLASSIFIER)
    assert not (project.folder / CHECKPOINTS).exists()


def test_it_is_one_run_with_one_curve(project):
    """Depends on the test before."""
    (run,) = project.runs()
    assert run.info.status == "FINISHED"
    assert run.data.tags["resumed"] == "2"
    assert run.data.tags["stages"] == "ingest+validate+augment+train"
    assert "unchanged" not in run.data.tags
    assert "error" not in run.data.tags
    client = MlflowClient(project.tracking_uri)
    curve = client.get_metric_history(run.info.run_id, "train/loss")
    values = {}
    for point in curve:
        values.setdefault(point.step, set()).add(point.value)
    # What was done again after the kill came out the same.
    assert all(len(found) == 1 for found in values.values())
    assert len(values) == max(values) // 5


def test_another_parameter_refuses_the_checkpoint_and_says_which(project):
    command = (*COMMAND[:-1], "train.checkpoint_seconds=0,train.learning_rate=0.002")
    folder = project.folder / CHECKPOINTS
    running = subprocess.Popen(command, cwd=project.folder, env=project.environment)
    while not list(folder.glob("*.safetensors")):
        assert running.poll() is None
        time.sleep(0.05)
    running.kill()
    running.wait()
    before = len(project.runs())
    output = project.run(*COMMAND, "--force").stdout
    assert "was made with other parameters.train.learning_rate" in output
    assert "Training goes on" not in output
    assert len(project.runs()) == before + 1
    assert project.runs()[1].info.status == "KILLED"
