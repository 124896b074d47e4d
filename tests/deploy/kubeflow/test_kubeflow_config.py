"""``kubeflow.yml``: a wrong key is named, and what a stage leaves out is as for all."""

import pytest
from pydantic import ValidationError

from dermaflow.deploy.kubeflow.compile_project import read_kubeflow_config
from dermaflow.deploy.kubeflow.kubeflow_config import KubeflowConfig


@pytest.fixture
def values(project_path):
    return read_kubeflow_config(project_path, "base").model_dump() | {"stages": {}}


def test_a_stage_has_what_conf_says_of_all_but_for_its_own(values):
    config = KubeflowConfig.model_validate(values | {"stages": {"train": {"accelerators": 2}}})
    assert config.resources_of("train").accelerators == 2
    assert config.resources_of("train").memory_gib == config.resources.memory_gib
    assert config.resources_of("ingest") == config.resources


def test_an_environment_adds_to_the_base(project_path):
    config = read_kubeflow_config(project_path, "ham10000_gpu")
    assert config.resources_of("train").accelerators == 1
    assert config.resources_of("ingest").accelerators == 0
    assert config.resources_of("job").cpu_cores < config.resources.cpu_cores


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"stages": {"train": {"memory_gb": 4}}}, "stages.train.memory_gb"),
        ({"stages": {"train": {"memory_gib": 0}}}, "stages.train.memory_gib"),
        ({"stages": {"trian": {}}}, "trian: no stage"),
        ({"project": {"claim": "Not_Valid", "path": "/project"}}, "project.claim"),
        ({"volumes": [{"claim": "raw", "path": "data"}]}, "volumes.0.path"),
        ({"image_pull_policy": "Sometimes"}, "image_pull_policy"),
        ({"project": {"claim": None, "path": "/project"}}, "project.claim"),
        ({"stages": None}, "stages"),
    ],
)
def test_what_is_wrong_is_named(values, changes, said):
    with pytest.raises(ValidationError) as refused:
        KubeflowConfig.model_validate(values | changes)
    (error,) = refused.value.errors()
    assert said in ".".join(map(str, error["loc"])) + error["msg"]
