"""A real DVC repository: what ``kedro repro`` and ``dvc repro`` run, and what they leave."""

import json
import re
import signal

import pytest
import yaml
from mlflow import MlflowClient

from dermaflow.schema import STAGES, with_drawings
from waiting import read_until

REPRO = ("kedro", "repro", "--env", "smoke")
FIRST = "conf/smoke/dvc.yaml:validate_drawing"  # with all that it needs
VOLATILE = ("08_reporting/registration.json", "/.gitignore")  # as the decision 0011 says


def ran(output):
    return re.findall(r"Running stage '(?:[\w/.]+:)?(\w+)'", output)


@pytest.fixture(scope="module")
def reproduced(make_project):
    """A project after ``kedro repro`` of the first two stages, for tests that only look at it."""
    project = make_project()
    project.output = project.run(*REPRO, FIRST).stdout
    return project


@pytest.fixture
def to_change(reproduced, tmp_path):
    """A copy of ``reproduced``, with its runs, for a test that changes it."""
    return reproduced.copy(tmp_path / "project", with_runs=True)


def outputs(project):
    """Bytes of all that the stages of ``smoke`` write, but for what is declared volatile."""
    entries = yaml.safe_load((project.folder / "conf/smoke/dvc.lock").read_text())["stages"]
    found = {}
    for path in (out["path"] for entry in entries.values() for out in entry["outs"]):
        place = project.folder / path
        files = place.rglob("*") if place.is_dir() else [place]
        found |= {f: (project.folder / f).read_bytes() for f in files if f.is_file()}
    relative = {path.relative_to(project.folder).as_posix(): data for path, data in found.items()}
    return {path: data for path, data in relative.items() if not path.endswith(VOLATILE)}


def test_repro_runs_what_is_missing_then_nothing_then_what_a_parameter_touches(reproduced):
    assert ran(reproduced.output) == ["ingest", "validate", "validate_drawing"]
    (run,) = reproduced.runs()
    assert run.info.run_name == "smoke: repro"
    assert run.data.tags["stages"] == "ingest+validate"
    assert run.data.tags["command"] == f"kedro repro --env smoke {FIRST}"
    assert run.data.tags["md5.manifest"]

    again = reproduced.run(*REPRO, FIRST).stdout
    assert ran(again) == []
    assert "Data and pipelines are up to date." in again
    assert len(reproduced.runs()) == 1  # nothing happened: no run

    path = reproduced.folder / "conf" / "smoke" / "parameters_validate.yml"
    before = path.read_text()
    path.write_text(yaml.safe_dump({"validate": {"split": {"folds": 3}}}))
    plan = reproduced.run(*REPRO, FIRST, "--dry").stdout
    path.write_text(before)
    # Of what follows only the outputs will tell.
    assert ran(plan) == ["validate"]


def test_repro_of_an_environment_goes_through_all_its_stages(copy_finished):
    changed = copy_finished()
    assert ran(changed.run(*REPRO).stdout) == []
    plan = changed.run(*REPRO, "--dry", "--force").stdout
    assert sorted(ran(plan)) == sorted(with_drawings(STAGES))


def test_kedro_run_leaves_dvc_with_nothing_to_do(finished):
    assert "up to date" in finished.run("dvc", "status", "conf/smoke/dvc.yaml").stdout
    output = finished.run("dvc", "repro", "conf/smoke/dvc.yaml").stdout
    assert ran(output) == []
    assert finished.run("git", "status", "--porcelain", "--", "data").stdout == ""


def test_kedro_run_and_dvc_repro_leave_the_same_bytes(finished, reproduced):
    expected, found = outputs(finished), outputs(reproduced)
    assert found.keys() <= expected.keys()
    assert len(found) > 20
    assert [path for path in found if expected[path] != found[path]] == []


@pytest.mark.slow
def test_the_whole_chain_under_repro_leaves_the_same_bytes_and_one_run(finished, make_project):
    project = make_project()
    assert sorted(ran(project.run(*REPRO).stdout)) == sorted(with_drawings(STAGES))
    expected, found = outputs(finished), outputs(project)
    assert expected.keys() == found.keys()
    assert [path for path in found if expected[path] != found[path]] == []
    (run,) = project.runs()
    assert run.data.tags["stages"] == "+".join(STAGES)
    assert run.data.metrics["test/accuracy"] >= 0
    assert measured_by(project, "1") == run.info.run_id


def test_dvc_shows_metrics_and_curves(finished):
    shown = json.loads(finished.run("dvc", "metrics", "show", "--json").stdout.splitlines()[-1])
    metrics = shown[""]["data"]["data/smoke/08_reporting/metrics.json"]["data"]
    assert 0 <= metrics["test"]["accuracy"]["value"] <= 1
    finished.run("dvc", "plots", "show", "--out", "plots")
    page = (finished.folder / "plots/index.html").read_text()
    assert "val_balanced_accuracy" in page


def measured_by(project, version):
    """The run whose metrics a version of the model carries."""
    client = MlflowClient(project.tracking_uri)
    return client.get_model_version("dermaflow-smoke", version).tags["metrics_run_id"]


def test_a_version_names_the_run_that_measured_it(finished):
    assert measured_by(finished, "1") == finished.runs()[-1].info.run_id  # the first


def test_a_bare_dvc_repro_is_a_run_a_stage_and_links_the_one_that_measured(copy_finished):
    changed = copy_finished()
    path = changed.folder / "conf" / "smoke" / "parameters_evaluate.yml"
    path.write_text(yaml.safe_dump({"evaluate": {"bootstrap_samples": 31}}))
    output = changed.run("dvc", "repro", "conf/smoke/dvc.yaml:register").stdout
    assert ran(output) == ["evaluate", "register"]
    register, evaluate = changed.runs()
    assert [run.data.tags["stages"] for run in (register, evaluate)] == ["register", "evaluate"]
    assert measured_by(changed, "1") == evaluate.info.run_id
    version = MlflowClient(changed.tracking_uri).get_model_version("dermaflow-smoke", "1")
    assert version.run_id == register.info.run_id


def test_an_interrupt_of_repro_reaches_the_stage_and_ends_the_run_as_killed(to_change):
    running = to_change.start(*REPRO, "--force")
    read_until(running, "Running node")
    running.send_signal(signal.SIGTERM)
    output, _ = running.communicate(timeout=60)  # that it ends says that no stage holds the pipe
    assert running.returncode == 143, output
    assert output.strip().splitlines()[-1].startswith("Interrupted: ")
    assert to_change.runs()[0].info.status == "KILLED"
    again = ("kedro", "run", "--env", "smoke", "--force", "--pipelines", "ingest")
    assert "Running node" in to_change.run(*again).stdout  # no other process holds the stage


def test_a_stage_that_fails_under_repro_is_told_in_the_last_line_and_its_run_is_kept(to_change):
    path = to_change.folder / "conf" / "base" / "parameters_validate.yml"
    path.write_text(path.read_text().replace("min_value: 50}", "min_value: 10000}"))
    done = to_change.run(*REPRO, check=False)
    assert done.returncode == 5
    last = done.stdout.strip().splitlines()[-1]
    assert "suite clean_set: too few images are left" in last
    assert to_change.runs()[0].info.status == "FAILED"
    assert "traceback.txt" in to_change.artifacts(to_change.runs()[0], "error")
