"""The YAML of the project's own pipelines."""

import yaml

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
        "DERMAFLOW_LOGICAL_DATE={{$.inputs.parameters['date']}} "
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
