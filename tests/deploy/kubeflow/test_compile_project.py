"""The YAML of the project's own pipelines."""

import pytest
import yaml

from dermaflow.deploy.kubeflow.compile_project import compile_project, read_folds, stages_of
from dermaflow.errors import EngineError, ParameterError
from dermaflow.schema import STAGES


def parts(compiled):
    return list(yaml.safe_load_all(compiled.text))


def test_there_is_one_component_for_each_stage(compiled):
    pipeline, _ = parts(compiled())
    assert pipeline["pipelineInfo"]["name"] == "dermaflow-base"
    executors = {label.removeprefix("exec-") for label in pipeline["deploymentSpec"]["executors"]}
    assert executors == {*STAGES, "open", "close"}


def test_a_task_runs_its_stage_for_the_job_with_the_run_s_parameters(compiled):
    pipeline, _ = parts(compiled())
    container = pipeline["deploymentSpec"]["executors"]["exec-train"]["container"]
    assert " ".join(container["command"]) == (
        "python -P -m dermaflow.deploy.start_project env "
        "DERMAFLOW_JOB_ID={{$.inputs.parameters['job']}} "
        "kedro run --env base --pipelines train --if-running wait "
        "--params {{$.inputs.parameters['params']}}"
    )


def test_the_job_is_closed_whatever_became_of_the_stages(compiled):
    pipeline, _ = parts(compiled())
    close = pipeline["root"]["dag"]["tasks"]["close"]
    assert close["triggerPolicy"] == {"strategy": "ALL_UPSTREAM_TASKS_COMPLETED"}
    assert close["inputs"]["parameters"]["status"] == {
        "taskFinalStatus": {"producerTask": "exit-handler-1"}
    }


def test_nothing_is_cached_by_kubeflow(compiled):
    pipeline, _ = parts(compiled())
    tasks = pipeline["components"]["comp-exit-handler-1"]["dag"]["tasks"]
    assert len(tasks) == len(STAGES) + 1
    assert not any(task["cachingOptions"].get("enableCache") for task in tasks.values())


def test_pods_have_what_conf_says(compiled):
    pipeline, platform = parts(compiled("ham10000_gpu"))
    train = pipeline["deploymentSpec"]["executors"]["exec-train"]["container"]["resources"]
    assert train["accelerator"]["resourceType"] == "nvidia.com/gpu"
    assert train["accelerator"]["resourceCount"] == "1"
    assert train["resourceMemoryLimit"] == "65536Mi"
    pod = platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"]["exec-train"]
    assert pod["pvcMount"][0]["mountPath"] == "/project"
    assert {mount["mountPath"] for mount in pod["emptyDirMounts"]} == {"/tmp", "/dev/shm"}
    assert pod["activeDeadlineSeconds"] == "86400"


def test_equal_input_gives_equal_bytes(compiled, project_path):
    assert compile_project(project_path, "base", "__default__") == compiled()


def test_folds_are_tasks_side_by_side_and_pooled_by_the_stage(compiled):
    pipeline, _ = parts(compiled(names="crossval"))
    tasks = pipeline["components"]["comp-exit-handler-1"]["dag"]["tasks"]
    (loop,) = (name for name, task in tasks.items() if "parameterIterator" in task)
    assert tasks[loop]["parameterIterator"]["items"] == {"raw": '["1", "2", "3", "4", "5"]'}
    assert "iteratorPolicy" not in tasks[loop]
    assert tasks[loop]["dependentTasks"] == ["open"]
    assert tasks["crossval-train"]["dependentTasks"] == [loop]
    executors = pipeline["deploymentSpec"]["executors"]
    fold, pool = (executors[f"exec-crossval-{name}"]["container"] for name in ("fold", "train"))
    assert " ".join(fold["command"]).endswith(
        "--pipelines crossval_train --if-running wait --fold {{$.inputs.parameters['item']}} "
        "--params {{$.inputs.parameters['params']}}"
    )
    assert "--fold" not in pool["command"]
    assert fold["resources"] == pool["resources"]


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
