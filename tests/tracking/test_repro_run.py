"""``kedro repro``: what it asks of DVC, and what becomes of its run."""

import json
import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest
import yaml
from kedro.framework.project import configure_project
from mlflow.entities import ViewType

from dermaflow.errors import (
    DermaflowError,
    DrawingError,
    RunningError,
    ValidationError,
    VersioningError,
)
from dermaflow.schema import STAGES, with_drawings
from dermaflow.tracking.repro_run import reproduce
from dermaflow.versioning.stages import stage_locks
from dermaflow.versioning.stages.stage_locks import StageLocks

FILE = "conf/smoke/dvc.yaml"
DATA = "${globals:data}"
DEADLINE = 60  # seconds in which a process must have said that it is ready

# In the place of DVC, which takes most of a second: it lies in the project's folder, where
# `python -m dvc` looks first, and notes how it is called. The plan says what it does then.
STAND_IN = """
import fcntl, json, os, signal, sqlite3, sys
from pathlib import Path

def is_held(file):
    try:
        fcntl.flock(file.open(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True

calls = Path("calls")
number = len(list(calls.iterdir()))
note = {
    "arguments": sys.argv[1:],
    "run_id": os.environ["MLFLOW_RUN_ID"],
    "path": os.environ["PATH"],
    "if_running": os.environ["DERMAFLOW_IF_RUNNING"],
    "held": sorted(f.stem for f in Path("data/smoke/stage_records").glob("*.users") if is_held(f)),
    "of_its_own_session": os.getsid(0) == os.getpid(),
    "may_be_interrupted": signal.getsignal(signal.SIGINT) is signal.default_int_handler,
}
(calls / str(number)).write_text(json.dumps(note))
plan = json.loads(Path("plan.json").read_text())
with sqlite3.connect(plan["database"], timeout=60) as database:
    for key, value in plan["tags"].items():
        row = (key, value, os.environ["MLFLOW_RUN_ID"])
        database.execute("INSERT OR REPLACE INTO tags (key, value, run_uuid) VALUES (?, ?, ?)", row)
if plan["waits"]:
    signal.alarm(60)  # it ends even if nobody interrupts it
    try:
        Path("ready").touch()
        signal.pause()
    except KeyboardInterrupt:
        Path("interrupted").touch()
        sys.exit(130)
codes = plan["codes"]
sys.exit(codes[number] if number < len(codes) else 0)
"""


class Project:
    """A project whose ``dvc repro`` does as a test says."""

    def __init__(self, folder, experiment, database):
        self.folder, self._experiment, self._database = folder, experiment, database
        conf = {
            "conf/base/catalog.yml": {"stage_records": {"filepath": f"{DATA}/stage_records"}},
            "conf/base/globals.yml": {"data": "data"},
            "conf/base/mlflow.yml": {
                "tracking_uri": "sqlite:///not_used.db",
                "artifact_location": None,
                "experiment": experiment.name,
                "system_metrics_interval": 0.001,
                "log_pictures": True,
            },
            "conf/smoke/globals.yml": {"data": "data/smoke"},
            FILE: {"stages": {}},
        }
        for path, content in conf.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(yaml.safe_dump(content))
        (folder / "data/smoke").mkdir(parents=True)
        (folder / "calls").mkdir()
        (folder / "dvc.py").write_text(STAND_IN)
        self.plan()

    def plan(self, codes=(), tags=(), waits=False):
        """Say how the calls end, which tags they give the run, and whether they wait."""
        plan = {"codes": codes, "tags": dict(tags), "waits": waits, "database": self._database}
        (self.folder / "plan.json").write_text(json.dumps(plan))

    def repro(self, *arguments):
        reproduce(self.folder, "smoke", arguments)

    def calls(self):
        """Notes of the calls of DVC, in their order."""
        paths = sorted((self.folder / "calls").iterdir(), key=lambda path: int(path.name))
        return [json.loads(path.read_text()) for path in paths]

    def arguments(self):
        return [call["arguments"][1:] for call in self.calls()]

    def run(self):
        """Its only run, deleted or not."""
        found = self._experiment.client.search_runs([self._experiment.id], "", ViewType.ALL)
        (run,) = found
        return run


@pytest.fixture(scope="module")
def store(local_store):
    """A SQLite file, to which what stands in for a stage writes without MLflow."""
    return local_store


@pytest.fixture
def project(tmp_path, store, experiment, monkeypatch):
    configure_project("dermaflow")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", store.tracking_uri)
    (tmp_path / "project").mkdir()
    return Project(tmp_path / "project", experiment, str(store.database))


def test_stages_that_ran_are_in_one_finished_run(project):
    project.plan(tags={"stages": "ingest+validate"})
    project.repro("--force")
    run = project.run()
    (call,) = project.calls()
    assert call["arguments"] == ["--wait-for-lock", "repro", "--force", FILE]
    assert call["run_id"] == run.info.run_id
    assert call["path"].split(os.pathsep)[0] == str(Path(sys.executable).parent)
    assert (run.info.run_name, run.info.status) == ("smoke: repro", "FINISHED")
    assert run.info.lifecycle_stage == "active"
    assert run.data.tags["env"] == "smoke"
    assert "- **ran:** ingest+validate" in run.data.tags["mlflow.note.content"]
    assert run.data.metrics == {}  # it leaves watching the machine to the stages
    assert not list((project.folder / "data/smoke/open_repros").glob("*.json"))


def test_a_run_in_which_nothing_changed_is_not_kept(project):
    project.repro()
    assert project.run().info.lifecycle_stage == "deleted"


def test_a_run_that_was_there_before_is_kept_though_nothing_changed(
    project, experiment, monkeypatch
):
    run_id = experiment.make_run("of a search", status="RUNNING")
    monkeypatch.setenv("MLFLOW_RUN_ID", run_id)
    project.repro()
    run = project.run()
    assert (run.info.run_id, run.info.lifecycle_stage) == (run_id, "active")
    assert (run.info.run_name, run.info.status) == ("of a search", "FINISHED")


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        ("ValidationError: too few images", ValidationError, "too few images"),
        ("RunningError: train: another run", RunningError, "train: another run"),
        ("ValueError: a: b", VersioningError, "ValueError: a: b"),
        (None, VersioningError, "failed; the lines above say why"),
    ],
)
def test_a_stage_that_fails_is_told_by_its_own_error_and_its_run_is_kept(
    project, error, kind, said
):
    tags = {"error": error} if error else {}
    project.plan(codes=[1], tags=tags)
    with pytest.raises(DermaflowError) as raised:
        project.repro()
    assert type(raised.value) is kind
    assert str(raised.value) == f"dvc repro: {said}"
    run = project.run()
    assert (run.info.status, run.info.lifecycle_stage) == ("FAILED", "active")
    assert tags.get("error", "") in run.data.tags["mlflow.note.content"]
    assert project.arguments() == [["repro", FILE]]


UNDRAWN = {"error": "DrawingError: train_drawing: draw_curves: no font", "stages": "train"}


def test_a_picture_that_cannot_be_drawn_stops_neither_stages_nor_other_pictures(project):
    project.plan(codes=[1, 0, 1], tags=UNDRAWN)
    with pytest.raises(DrawingError, match=r"^dvc repro: train_drawing: "):
        project.repro("--force", "--verbose")
    again = ("repro", "--verbose")  # what has run by force is not run by force again
    drawings = ("validate", "augment", "train", "evaluate", "explain")
    assert project.arguments() == [
        ["repro", "--force", "--verbose", FILE],
        [*again, *(f"{FILE}:{stage}" for stage in STAGES)],
        *([*again, f"{FILE}:{stage}_drawing"] for stage in drawings),
    ]
    assert project.run().info.status == "FAILED"


def test_a_stage_that_fails_after_a_picture_stops_everything(project):
    project.plan(codes=[1, 1], tags=UNDRAWN)
    with pytest.raises(DrawingError):
        project.repro()
    assert len(project.calls()) == 2


def test_stages_of_the_users_choice_are_all_that_is_asked_for(project):
    project.plan(codes=[1], tags=UNDRAWN)
    with pytest.raises(DrawingError):
        project.repro("--force", f"{FILE}:train_drawing")
    assert project.arguments() == [["repro", "--force", f"{FILE}:train_drawing"]]


def test_an_interrupt_reaches_the_stage_and_the_run_is_called_killed(project, monkeypatch):
    class Terminated(KeyboardInterrupt):
        pass

    def terminate(*_):
        raise Terminated

    def interrupt():
        until = time.monotonic() + DEADLINE
        while not (project.folder / "ready").exists() and time.monotonic() < until:
            threading.Event().wait(0.01)
        os.kill(os.getpid(), signal.SIGTERM)

    # As in a shell's background job, which has Ctrl-C ignored.
    before = signal.signal(signal.SIGINT, signal.SIG_IGN), signal.signal(signal.SIGTERM, terminate)
    try:
        project.plan(waits=True)
        interrupting = threading.Thread(target=interrupt)
        interrupting.start()
        with pytest.raises(Terminated):
            project.repro()
        interrupting.join()
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before[0])
        signal.signal(signal.SIGTERM, before[1])
    (call,) = project.calls()
    assert call["of_its_own_session"]
    assert call["may_be_interrupted"]
    assert (project.folder / "interrupted").exists()
    assert project.run().info.status == "KILLED"
    assert not list((project.folder / "data/smoke/open_repros").glob("*.json"))


def test_while_another_run_writes_a_stage_there_is_no_run_or_it_waits(project, monkeypatch):
    monkeypatch.setattr(stage_locks, "SECONDS_OF_PATIENCE", 0)
    other = StageLocks(project.folder / "data/smoke/stage_records")
    other.take("train")
    with pytest.raises(RunningError, match=r"^train: another run"):
        project.repro()
    assert project.calls() == []
    monkeypatch.setattr(stage_locks.time, "sleep", lambda _: other.release())
    reproduce(project.folder, "smoke", (), "wait")
    (call,) = project.calls()
    assert call["if_running"] == "wait"


def test_while_it_runs_nobody_else_writes_a_stage_and_afterwards_all_may(project):
    project.plan(codes=[1])
    with pytest.raises(VersioningError):
        project.repro()
    (call,) = project.calls()
    assert call["held"] == sorted(with_drawings(STAGES))
    StageLocks(project.folder / "data/smoke/stage_records").take("train")


def test_an_environment_without_a_file_for_dvc_opens_no_run(project, experiment):
    (project.folder / FILE).unlink()
    with pytest.raises(VersioningError, match=rf"^there is no {FILE}: `kedro dvc-yaml`$"):
        project.repro()
    assert not experiment.client.search_runs([experiment.id])
    assert not project.calls()


def test_a_real_dvc_stops_at_the_stage_that_fails(project):
    (project.folder / "dvc.py").unlink()
    (project.folder / ".dvc").mkdir()
    (project.folder / ".dvc/config").write_text(
        "[core]\n    no_scm = true\n    analytics = false\n"
    )
    stages = {
        "good": {"cmd": "echo $MLFLOW_RUN_ID > run_id", "outs": ["run_id"]},
        "bad": {"cmd": "touch began && exit 3", "deps": ["run_id"]},
        "last": {"cmd": "touch never", "deps": ["began"]},
    }
    stages = {name: stage | {"wdir": "../.."} for name, stage in stages.items()}
    (project.folder / FILE).write_text(yaml.safe_dump({"stages": stages}))
    (project.folder / "began").touch()
    with pytest.raises(VersioningError, match="failed; the lines above say why"):
        project.repro()
    run = project.run()
    assert (project.folder / "run_id").read_text().strip() == run.info.run_id
    assert not (project.folder / "never").exists()
    assert run.info.status == "FAILED"
