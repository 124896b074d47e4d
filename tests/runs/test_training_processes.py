"""``kedro run`` that trains in two processes, one of which is killed."""

import json

import pytest
from mlflow import MlflowClient

from waiting import training_processes, wait_until

RUN = ("kedro", "run", "--env", "smoke", "--pipelines", "ingest,validate,augment,train")
COMMAND = (*RUN, "--params", "train.processes=2,train.checkpoint_seconds=1")
CHECKPOINTS = "data/smoke/unfinished/training"
HISTORY = "data/smoke/08_reporting/training_history.json"


def workers_in_training(running, project):
    """The processes of a run's training, once it has kept a step."""

    def workers():
        found = training_processes(running)
        kept = list((project.folder / CHECKPOINTS).glob("*.safetensors"))
        return found if len(found) == 2 and kept else None

    return wait_until(workers, running)


@pytest.mark.slow
def test_a_killed_process_is_replaced_and_the_run_ends_as_if_nothing_had_happened(make_project):
    project = make_project()
    running = project.start(*COMMAND)
    workers = workers_in_training(running, project)
    workers[1].kill()
    output, _ = running.communicate(timeout=600)
    assert running.returncode == 0, output[-3000:]
    assert "in 2 process(es)" in output
    assert "Training goes on after step" in output
    assert not any(worker.is_running() for worker in workers)
    assert not (project.folder / CHECKPOINTS).exists()

    (run,) = project.runs()
    assert run.info.status == "FINISHED"
    assert "resumed" not in run.data.tags  # it is the run that was never interrupted
    history = json.loads((project.folder / HISTORY).read_text())
    assert [record["epoch"] for record in history["epochs"]] == [1, 2]
    client, values = MlflowClient(project.tracking_uri), {}
    for point in client.get_metric_history(run.info.run_id, "train/loss"):
        values.setdefault(point.step, set()).add(point.value)
    # What was done again after the kill came out the same.
    assert all(len(found) == 1 for found in values.values())
    assert len(values) == max(values) // 5
