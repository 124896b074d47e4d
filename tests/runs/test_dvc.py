"""dvc.yaml against the project, and a real DVC repository that reruns only what changed."""

import re

import pytest
import yaml
from kedro.framework.project import configure_project, pipelines

from dermaflow.schema import STAGES
from dermaflow.versioning.dvc_file import dvc_path, environments, render_dvc_file
from dermaflow.versioning.stages import code_of


@pytest.fixture(scope="module")
def registry():
    configure_project("dermaflow")
    return dict(pipelines)


def test_the_files_say_what_pipelines_and_catalog_say(project_path, registry):
    for env in environments(project_path):
        expected = render_dvc_file(project_path, registry, env)
        assert dvc_path(project_path, env).read_text() == expected, "run `kedro dvc-yaml`"


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
