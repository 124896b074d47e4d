"""What commands read of the project they run in."""

import pytest
import yaml
from kedro.framework.startup import bootstrap_project

from dermaflow.cli.project import load_conf
from dermaflow.errors import ParameterError


@pytest.fixture
def project(tmp_path, copy_project, monkeypatch):
    """A project of two environments, which is the working directory."""
    copy_project(tmp_path, "base", "smoke")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path / "src")
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.delenv("KEDRO_ENV", raising=False)
    bootstrap_project(tmp_path)
    return tmp_path


def test_parameters_are_those_of_the_environment_and_paths_are_the_projects(project):
    parameters, config = load_conf("smoke")
    assert (parameters.image.height, parameters.evaluate.bootstrap_samples) == (32, 50)
    assert config.tracking_uri == f"sqlite:///{project}/mlflow/mlflow.db"
    assert config.artifact_location == (project / "mlflow/artifacts").as_uri()
    assert load_conf("base")[0].image.height == 64


def test_without_an_environment_a_persons_own_settings_are_laid_over_base(project):
    (project / "conf/local/parameters_image.yml").write_text("image: {height: 48}\n")
    (project / "conf/local/mlflow.yml").write_text("tracking_uri: http://mlflow.example\n")
    parameters, config = load_conf(None)
    assert (parameters.image.height, parameters.image.width) == (48, 64)
    assert config.tracking_uri == "http://mlflow.example"


def test_the_variable_of_mlflow_wins(project, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://elsewhere.example")
    _, config = load_conf("smoke")
    assert (config.tracking_uri, config.artifact_location) == ("http://elsewhere.example", None)


def test_a_wrong_parameter_is_named_with_its_file(project):
    path = project / "conf/smoke/parameters_train.yml"
    path.write_text(yaml.safe_dump({"train": {"epochs": 0}}))
    with pytest.raises(ParameterError, match=r"train\.epochs: .*conf/smoke/parameters_train\.yml"):
        load_conf("smoke")
