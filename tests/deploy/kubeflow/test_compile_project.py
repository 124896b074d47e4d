"""Which stages a compiled pipeline has, and by which configuration."""

import pytest

from dermaflow.deploy.kubeflow.compile_project import compile_project, stages_of
from dermaflow.errors import EngineError


def test_the_pipeline_is_named_for_its_environment(compiled):
    assert compiled("ham10000_gpu").name == "dermaflow-ham10000-gpu"
    assert "exec-search" in compiled("base", "search").text


def test_an_unknown_pipeline_is_refused_before_anything_is_compiled(project_path):
    with pytest.raises(EngineError, match="no pipeline 'trian'"):
        compile_project(project_path, "base", "trian")


def test_pipelines_are_asked_for_as_of_kedro_run():
    assert stages_of("crossval") == ["crossval_train", "crossval_evaluate"]
    assert stages_of("register,evaluate") == ["evaluate", "register"]
    with pytest.raises(EngineError, match="no pipeline 'trian'"):
        stages_of("ingest,trian")
