"""``kedro run`` after a SIGTERM and a ``kill -9`` in the middle of the training."""

import re
import signal

import pytest
from mlflow import MlflowClient

from dermaflow.versioning.stages.fingerprint import hash_path
from waiting import wait_until

RUN = ("kedro", "run", "--env", "smoke", "--pipelines", "ingest,validate,augment,train")
COMMAND = (*RUN, "--params", "train.checkpoint_seconds=2")
CHECKPOINTS = "data/smoke/unfinished/training"
CLASSIFIER = "data/smoke/06_models/classifier"


def stop(project, number, after):
    """Send a signal in a training that has done more than ``after`` steps; status and output."""
    running = project.start(*COMMAND)
    wait_until(lambda: (steps(project) or [0])[-1] > after, running)
    running.send_signal(number)
    output, _ = running.communicate(timeout=60)
    return running.returncode, output


def steps(project):
    names = [path.name for path in (project.folder / CHECKPOINTS).glob("*.safetensors")]
    return sorted(int(re.search(r"_(\d+)\.", name)[1]) for name in names)


# One stop in CI; both, one after the other, with the slow tests.
@pytest.mark.parametrize(
    "stops",
    [
        [(signal.SIGKILL, -signal.SIGKILL)],
        pytest.param(
            [(signal.SIGTERM, 143), (signal.SIGKILL, -signal.SIGKILL)], marks=pytest.mark.slow
        ),
    ],
    ids=["killed", "ended-then-killed"],
)
def test_a_stopped_training_ends_with_the_weights_of_one_that_was_not(
    copy_finished, finished, stops
):
    project, left = copy_finished(), 0
    for number, status in stops:
        code, output = stop(project, number, after=left + 1)
        assert code == status
        if number == signal.SIGTERM:
            assert output.splitlines()[-1].startswith("Interrupted: the same command goes on")
            assert project.runs()[0].info.status == "KILLED"
        left = steps(project)[-1]

    output = project.run(*COMMAND).stdout
    found = int(re.search(r"Training goes on after step (\d+)", output)[1])
    assert found == left
    for stage in ("ingest", "validate", "augment"):
        assert f"{stage}: unchanged, skipped" in output
    classifier = hash_path(project.folder / CLASSIFIER)
    assert classifier == hash_path(finished.folder / CLASSIFIER)
    assert not (project.folder / CHECKPOINTS).exists()
    check_run(project, resumed=len(stops))


def check_run(project, resumed):
    """It is one run with one curve, in which nothing tells of its interruptions but a tag."""
    (run,) = project.runs()
    assert run.info.status == "FINISHED"
    assert run.data.tags["resumed"] == str(resumed)
    assert run.data.tags["stages"] == "train"
    assert "error" not in run.data.tags
    client = MlflowClient(project.tracking_uri)
    values = {}
    for point in client.get_metric_history(run.info.run_id, "train/loss"):
        values.setdefault(point.step, set()).add(point.value)
    # What was done again after a kill came out the same.
    assert all(len(found) == 1 for found in values.values())
    assert len(values) == max(values) // 5


@pytest.mark.slow
def test_another_parameter_refuses_the_checkpoint_and_says_which(make_project):
    project = make_project()
    command = (*COMMAND[:-1], "train.checkpoint_seconds=2,train.learning_rate=0.002")
    folder = project.folder / CHECKPOINTS
    running = project.start(*command)
    wait_until(lambda: list(folder.glob("*.safetensors")), running)
    running.kill()
    running.communicate()
    before = len(project.runs())
    output = project.run(*COMMAND, "--force").stdout
    assert "was made with other parameters.train.learning_rate" in output
    assert "Training goes on" not in output
    assert len(project.runs()) == before + 1
    assert project.runs()[1].info.status == "KILLED"
