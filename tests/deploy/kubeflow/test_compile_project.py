"""Which stages a compiled pipeline has, and by which configuration."""

import pytest

from dermaflow.deploy.kubeflow.compile_project import compile_project, read_folds, stages_of
from dermaflow.errors import EngineError, ParameterError


def test_the_pipeline_is_named_for_its_environment(compiled):
    assert compiled("ham10000_gpu").name == "dermaflow-ham10000-gpu"
    assert "exec-search" in compiled("base", "search").text


def test_an_unknown_pipeline_is_refused_before_anything_is_compiled(project_path):
    with pytest.raises(EngineError, match="no pipeline 'trian'"):
        compile_project(project_path, "base", "trian")


@pytest.mark.parametrize(
    ("changes", "folds"),
    [
        ({}, [1, 2]),
        ({"crossval": {"folds": 2}}, [2]),
        ({"validate": {"split": {"folds": 3}}}, [1, 2, 3]),
        ({"crossval": {"collect": ["/only/in/the/cluster"]}}, [1, 2]),
    ],
)
def test_folds_are_those_of_the_environment_and_the_run(project_path, changes, folds):
    assert read_folds(project_path, "smoke", changes) == folds


def test_a_fold_that_there_is_not_is_refused_before_anything_is_submitted(project_path):
    with pytest.raises(ParameterError, match=r"crossval\.folds: there is no fold 3, but 2"):
        read_folds(project_path, "smoke", {"crossval": {"folds": [3]}})


def test_pipelines_are_asked_for_as_of_kedro_run():
    assert stages_of("crossval") == ["crossval_train", "crossval_evaluate"]
    assert stages_of("register,evaluate") == ["evaluate", "register"]
    with pytest.raises(EngineError, match="no pipeline 'trian'"):
        stages_of("ingest,trian")
