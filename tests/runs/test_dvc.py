"""dvc.yaml against the project, and a real DVC repository that reruns only what changed."""

import json
import re
import shutil
import signal
import subprocess

import pytest
import yaml
from kedro.framework.project import configure_project, pipelines
from mlflow import MlflowClient

from dermaflow.schema import ALL_STAGES, STAGES, with_drawings
from dermaflow.versioning.dvc.stage_file import dvc_files, environments, render_dvc_file
from dermaflow.versioning.stages.stage_dependencies import code_of


@pytest.fixture(scope="module")
def registry():
    configure_project("dermaflow")
    return dict(pipelines)


def test_the_files_say_what_pipelines_and_catalog_say(project_path, registry):
    for env in environments(project_path):
        for path, stages in dvc_files(project_path, env).items():
            expected = render_dvc_file(project_path, registry, env, stages)
            assert path.read_text() == expected, "run `kedro dvc-yaml`"


def test_what_must_be_asked_for_is_in_a_file_that_repro_does_not_touch(project_path):
    for env in environments(project_path):
        files = dvc_files(project_path, env)
        named = {path: tuple(yaml.safe_load(path.read_text())["stages"]) for path in files}
        assert named == files
        assert next(iter(files.values())) == with_drawings(STAGES)
        assert {stage for stages in files.values() for stage in stages} == set(ALL_STAGES)


def test_an_environments_own_classes_are_a_dependency(project_path, registry, tmp_path):
    shutil.copytree(project_path / "conf", tmp_path / "conf")
    clinic = tmp_path / "conf" / "clinic"
    clinic.mkdir()
    (clinic / "globals.yml").write_text("data: data/clinic\n")
    labels = {"scheme": "two", "schemes": {"two": {"mel": [], "nv": []}}}
    (clinic / "parameters_labels.yml").write_text(yaml.safe_dump({"labels": labels}))
    stages = yaml.safe_load(render_dvc_file(tmp_path, registry, "clinic"))["stages"]
    assert {"conf/clinic/parameters_labels.yml": None} in stages["ingest"]["params"]
    assert {"conf/clinic/parameters_labels.yml": None} not in stages["validate"]["params"]
    assert "data/clinic/02_intermediate/classes.json" in stages["validate"]["deps"]


def test_raw_data_under_dvc_are_a_dependency_wherever_a_machine_has_them(
    project_path, registry, tmp_path, monkeypatch
):
    shutil.copytree(project_path / "conf", tmp_path / "conf")
    assert "01_raw" not in render_dvc_file(tmp_path, registry, "ham10000")
    (tmp_path / "data/01_raw").mkdir(parents=True)
    (tmp_path / "data/01_raw/ham10000.dvc").write_text("outs: [{md5: 0.dir, path: ham10000}]\n")
    text = render_dvc_file(tmp_path, registry, "ham10000")
    stages = yaml.safe_load(text)["stages"]
    assert "data/01_raw/ham10000" in stages["ingest"]["deps"]
    assert "data/01_raw/ham10000" not in stages["validate"]["deps"]
    assert "01_raw" not in render_dvc_file(tmp_path, registry, "base")  # which reads none
    monkeypatch.setenv("DERMAFLOW_HAM10000_DIR", "/mnt/of/this/machine")
    assert render_dvc_file(tmp_path, registry, "ham10000") == text
    conf = tmp_path / "conf/ham10000/parameters_ingest.yml"
    without_default = {"folder": "${oc.env:DERMAFLOW_HAM10000_DIR}"}
    ingest = {"train": "ham10000", "sources": {"ham10000": without_default}}
    conf.write_text(yaml.safe_dump({"ingest": ingest}))
    assert "01_raw" not in render_dvc_file(tmp_path, registry, "ham10000")


def test_dvc_runs_stages_by_the_environments_name(project_path):
    """Else ``conf/local`` or ``KEDRO_ENV`` might decide what ``dvc.lock`` knows nothing of."""
    for env in environments(project_path):
        for path in dvc_files(project_path, env):
            stages = yaml.safe_load(path.read_text())["stages"]
            assert all(f"--env {env} " in stage["cmd"] for stage in stages.values())


def test_every_listed_piece_of_code_exists(project_path):
    for stage in ALL_STAGES:
        assert all((project_path / path).exists() for path in code_of(stage)), stage


def test_code_of_a_stage_follows_its_imports():
    train, validate = code_of("train"), code_of("validate")
    assert (
        "src/dermaflow/ml/training/optim.py" in train
    )  # imported by what the node imports when it runs
    assert "src/dermaflow/ml/synthesis/dcgan.py" not in train
    assert "src/dermaflow/data/validation/quarantine.py" in validate
    assert "src/dermaflow/ml/models/classifier.py" not in validate
    assert not any("tracking" in path for path in train)  # where live curves go changes nothing


def test_neither_a_figure_nor_an_operating_point_has_folds_trained_again():
    folds = code_of("crossval_train")
    assert "src/dermaflow/ml/training/trainer.py" in folds
    assert not any("reporting" in path or "evaluate" in path for path in folds)


VOLATILE = ("08_reporting/registration.json", "/.gitignore")  # as the decision 0011 says


def ran(output):
    return re.findall(r"Running stage '(?:[\w/.]+:)?(\w+)'", output)


@pytest.fixture(scope="module")
def reproduced(make_project):
    """A project after ``kedro repro`` of everything."""
    project = make_project()
    project.output = project.run("kedro", "repro", "--env", "smoke").stdout
    return project


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


def test_repro_runs_all_then_nothing_then_what_a_parameter_touches(reproduced):
    assert sorted(ran(reproduced.output)) == sorted(with_drawings(STAGES))
    (run,) = reproduced.runs()
    assert run.info.run_name == "smoke: repro"
    assert run.data.tags["stages"] == "+".join(STAGES)
    assert run.data.tags["command"] == "kedro repro --env smoke"
    assert run.data.metrics["test/accuracy"] >= 0

    again = reproduced.run("kedro", "repro", "--env", "smoke").stdout
    assert ran(again) == []
    assert "Data and pipelines are up to date." in again
    assert len(reproduced.runs()) == 1  # nothing happened: no run

    path = reproduced.folder / "conf" / "smoke" / "parameters_train.yml"
    before = path.read_text()
    path.write_text(yaml.safe_dump({"train": {"epochs": 1, "batch_size": 16}}))
    plan = reproduced.run("kedro", "repro", "--env", "smoke", "--dry").stdout
    path.write_text(before)
    # Of what follows only the outputs will tell.
    assert set(ran(plan)) == {"train", "train_drawing"}


def test_kedro_run_leaves_dvc_with_nothing_to_do(finished):
    assert "up to date" in finished.run("dvc", "status", "conf/smoke/dvc.yaml").stdout
    output = finished.run("dvc", "repro", "conf/smoke/dvc.yaml").stdout
    assert ran(output) == []
    assert finished.run("git", "status", "--porcelain", "--", "data").stdout == ""


def test_kedro_run_and_dvc_repro_leave_the_same_bytes(finished, reproduced):
    expected, found = outputs(finished), outputs(reproduced)
    assert expected.keys() == found.keys()
    assert len(expected) > 40
    assert [path for path in expected if expected[path] != found[path]] == []


def test_dvc_shows_metrics_and_curves(finished):
    shown = json.loads(finished.run("dvc", "metrics", "show", "--json").stdout.splitlines()[-1])
    metrics = shown[""]["data"]["data/smoke/08_reporting/metrics.json"]["data"]
    assert 0 <= metrics["test"]["accuracy"]["value"] <= 1
    finished.run("dvc", "plots", "show", "--out", "plots")
    page = (finished.folder / "plots/index.html").read_text()
    assert "val_balanced_accuracy" in page


def test_a_version_names_the_run_that_measured_it(finished, reproduced):
    for project in (finished, reproduced):
        client = MlflowClient(project.tracking_uri)
        version = client.get_model_version("dermaflow", "1")
        assert version.tags["metrics_run_id"] == project.runs()[0].info.run_id


def test_a_bare_dvc_repro_is_a_run_a_stage_and_links_the_one_that_measured(reproduced):
    """This test and those below change the project."""
    path = reproduced.folder / "conf" / "smoke" / "parameters_evaluate.yml"
    path.write_text(yaml.safe_dump({"evaluate": {"bootstrap_samples": 31}}))
    before = len(reproduced.runs())
    output = reproduced.run("dvc", "repro", "conf/smoke/dvc.yaml:register").stdout
    assert ran(output) == ["evaluate", "register"]
    register, evaluate = reproduced.runs()[: len(reproduced.runs()) - before]
    assert [run.data.tags["stages"] for run in (register, evaluate)] == ["register", "evaluate"]
    version = MlflowClient(reproduced.tracking_uri).get_model_version("dermaflow", "2")
    assert version.tags["metrics_run_id"] == evaluate.info.run_id
    assert version.run_id == register.info.run_id


def test_an_interrupt_of_repro_reaches_the_stage_and_ends_the_run_as_killed(reproduced):
    running = subprocess.Popen(
        ["kedro", "repro", "--env", "smoke", "--force"],
        cwd=reproduced.folder,
        env=reproduced.environment,
        stderr=subprocess.STDOUT,
        stdout=subprocess.PIPE,
        text=True,
    )
    while "Running node" not in running.stdout.readline():
        assert running.poll() is None
    running.send_signal(signal.SIGTERM)
    output, _ = running.communicate(timeout=60)  # that it ends says that no stage holds the pipe
    assert running.returncode == 143, output
    assert output.strip().splitlines()[-1].startswith("Interrupted: ")
    assert reproduced.runs()[0].info.status == "KILLED"
    again = ("kedro", "run", "--env", "smoke", "--force", "--pipelines", "ingest")
    assert "Running node" in reproduced.run(*again).stdout  # no other process holds the stage


def test_a_stage_that_fails_under_repro_is_told_in_the_last_line_and_its_run_is_kept(reproduced):
    path = reproduced.folder / "conf" / "base" / "parameters_validate.yml"
    path.write_text(path.read_text().replace("min_value: 50}", "min_value: 10000}"))
    done = reproduced.run("kedro", "repro", "--env", "smoke", check=False)
    assert done.returncode == 10
    last = done.stdout.strip().splitlines()[-1]
    assert "ValidationError: suite clean_set: too few images are left" in last
    assert reproduced.runs()[0].info.status == "FAILED"
    assert "traceback.txt" in reproduced.artifacts(reproduced.runs()[0], "error")
