"""Many runs begun at random in one project, some of them killed: each says only what is its own."""

import random
import signal
import threading
from collections import Counter

import pytest
from mlflow import MlflowClient
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

from dermaflow.registry.register_version import METRICS_RUN_TAG
from dermaflow.versioning.stages.fingerprint import hash_path

RUNS = 12
SECONDS_BETWEEN = 6  # the longest time from one run's beginning to the next one's
LIVES = (2, 20)  # seconds after which a run is killed
# Python itself dies of SIGTERM (-15) before a command begins and when it has said its last line.
ENDS = (0, 9, -signal.SIGKILL, 128 + signal.SIGTERM, -signal.SIGTERM)
KILLED = [signal.SIGKILL] * 3 + [signal.SIGTERM] * 2
PARAMETERS = (
    "",
    "",
    "evaluate.logit_adjustment=0.5",
    "evaluate.logit_adjustment=1.0",
    "train.learning_rate=0.0005",
)
REPRO = "repro --env smoke"
CROSSVAL = "run --env smoke --pipelines crossval"


def command_of(chance, kinds):
    """One command, drawn at random."""
    kind = chance.choice(kinds)
    if kind != "chain":
        return [*kind.split(), "--if-running", chance.choice(("wait", "fail"))]
    parameters = chance.choice(PARAMETERS)
    return [
        *("run", "--env", "smoke"),
        *(["--params", parameters] if parameters else []),
        *(["--force", "--pipelines", "evaluate,explain"] if chance.random() < 0.2 else []),
        *("--if-running", chance.choice(("wait", "wait", "fail", "skip"))),
    ]


def start_all(project, chance, kinds):
    """Start the runs and kill some; gives their commands, exit codes and last lines."""
    told, running, timers = [], [], []
    for number in range(RUNS):
        told.append(command_of(chance, kinds))
        run = project.start("kedro", *told[-1])
        running.append(run)
        if number % 2 and number // 2 < len(KILLED):
            kill = threading.Timer(chance.uniform(*LIVES), run.send_signal, [KILLED[number // 2]])
            timers.append(kill)
            kill.start()
        threading.Event().wait(chance.uniform(0, SECONDS_BETWEEN))
    outputs = [run.communicate()[0] for run in running]
    for timer in timers:
        timer.cancel()
    codes = [run.returncode for run in running]
    return list(zip(told, codes, outputs, strict=True))


def figures_of(run):
    """What a run says of its test split; a fold of the cross-validation has one of its own."""
    if MLFLOW_PARENT_RUN_ID in run.data.tags:
        return {}
    return {name: value for name, value in run.data.metrics.items() if name.startswith("test/")}


def parameters_of(run):
    """By which the test figures of one run may differ from another's."""
    return tuple(
        run.data.params[key] for key in ("train.learning_rate", "evaluate.logit_adjustment")
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("seed", "kinds"), [(1, ("chain",)), (2, ("chain",)), (3, ("chain", REPRO, CROSSVAL))]
)
def test_runs_begun_at_random_say_what_is_their_own(kept, tmp_path, seed, kinds):
    project = kept.copy(tmp_path / "project", with_runs=True)
    data = project.folder / "data/smoke"
    names = ("06_models", "07_model_output", "03_primary")
    # A cross-validation may add its own.
    before = {path: hash_path(path) for name in names for path in (data / name).iterdir()}

    ended = start_all(project, random.Random(seed), kinds)
    for told, code, output in ended:
        assert code in ENDS, (told, output[-3000:])
        assert (code == 9) <= ("--if-running wait" not in " ".join(told)), output[-3000:]
    assert Counter(code for _, code, _ in ended)[0] >= 2
    # Says what became of killed ones, too; DVC of a killed `kedro repro` may still be at work.
    last = project.start("kedro", "run", "--env", "smoke", "--if-running", "wait")
    said, _ = last.communicate()
    assert last.returncode == 0, said[-3000:]

    runs = project.runs()
    assert {run.info.status for run in runs} <= {"FINISHED", "KILLED", "FAILED"}
    by_parameters = {}
    for run in runs:
        if run.info.status == "FINISHED" and figures_of(run):
            by_parameters.setdefault(parameters_of(run), []).append(run)
    assert len(by_parameters) > 1
    for same in by_parameters.values():
        assert len({tuple(sorted(figures_of(run).items())) for run in same}) == 1
        assert len({run.data.tags["md5.classifier"] for run in same}) == 1
    assert_versions_are_of_their_runs(project)
    assert {path: hash_path(path) for path in before} == before


def assert_versions_are_of_their_runs(project):
    client = MlflowClient(project.tracking_uri)
    versions = client.search_model_versions("name = 'dermaflow-smoke'")
    assert versions
    for version in versions:
        run, measured = (
            client.get_run(run_id) for run_id in (version.run_id, version.tags[METRICS_RUN_TAG])
        )
        assert parameters_of(run) == parameters_of(measured)
        if run.info.status == "FINISHED":
            assert run.data.tags["md5.classifier"] == measured.data.tags["md5.classifier"]
