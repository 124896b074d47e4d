"""dvc.yaml against the project, and a real DVC repository that reruns only what changed."""

import re
import shutil

import pytest
import yaml
from kedro.framework.project import configure_project, pipelines

from dermaflow.dvc_file import code_of, dvc_path, environments, render_dvc_file
from dermaflow.schema import STAGES


@pytest.fixture(scope="module")
def registry():
    configure_project("dermaflow")
    return dict(pipelines)


def test_the_files_say_what_pipelines_and_catalog_say(project_path, registry):
    for env in environments(project_path):
        expected = render_dvc_file(project_path, registry, env)
        assert dvc_path(project_path, env).read_text() == expected, "run `kedro dvc-yaml`"


def test_an_environments_own_classes_are_a_dependency(project_path, registry, tmp_path):
    shutil.copytree(project_path / "conf", tmp_path / "conf")
    clinic = tmp_path / "conf" / "clinic"
    clinic.mkdir()
    (clinic / "globals.yml").write_text("data: data/clinic\n")
    (clinic / "parameters.yml").write_text("classes: [mel, nv]\n")
    stages = yaml.safe_load(render_dvc_file(tmp_path, registry, "clinic"))["stages"]
    assert {"conf/base/parameters.yml": ["classes", "seed"]} in stages["validate"]["params"]
    assert {"conf/clinic/parameters.yml": ["classes"]} in stages["validate"]["params"]
    assert {"conf/clinic/parameters.yml": ["classes"]} not in stages["ingest"]["params"]


def test_every_listed_piece_of_code_exists(project_path):
    for stage in STAGES:
        assert all((project_path / path).exists() for path in code_of(stage)), stage


def test_code_of_a_stage_follows_its_imports():
    train, validate = code_of("train"), code_of("validate")
    assert "src/dermaflow/ml/optim.py" in train  # imported by what the node imports when it runs
    assert "src/dermaflow/ml/gan.py" not in train
    assert "src/dermaflow/validation" in validate
    assert "src/dermaflow/ml/classifier.py" not in validate


def ran(output):
    return re.findall(r"Running stage '(?:[\w/.]+:)?(\w+)'", output)


def test_repro_runs_all_then_nothing_then_what_a_parameter_touches(make_project):
    project = make_project()
    project.run("dvc", "init", "--quiet", "--force")
    repro = ("dvc", "repro", "conf/smoke/dvc.yaml")
    assert sorted(ran(project.run(*repro).stdout)) == sorted(STAGES)

    again = project.run(*repro).stdout
    assert ran(again) == []
    assert "Data and pipelines are up to date." in again

    path = project.folder / "conf" / "smoke" / "parameters_train.yml"
    parameters = yaml.safe_load(path.read_text())
    parameters["train"]["epochs"] = 1
    path.write_text(yaml.safe_dump(parameters))
    assert set(ran(project.run(*repro).stdout)) == {"train", "evaluate", "explain", "register"}
