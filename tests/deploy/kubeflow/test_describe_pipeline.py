"""Tasks and their order, from pipelines and catalog."""

import pytest
from kedro.pipeline import node, pipeline

from dermaflow.deploy.kubeflow.describe_pipeline import describe, order
from dermaflow.deploy.kubeflow.kubeflow_config import KubeflowConfig
from dermaflow.errors import ParameterError


def same(*values):
    return values


def stage(inputs, outputs):
    return pipeline([node(same, inputs, outputs, name=f"make_{outputs[0]}")])


STAGES = {
    "ingest": stage(["params:ingest"], ["records"]),
    "validate": stage(["records"], ["manifest"]),
    "train": stage(["records", "manifest"], ["weights"]),
    "evaluate": stage(["manifest", "weights"], ["metrics"]),
    "explain": stage(["manifest", "weights"], ["maps"]),
    "register": stage(["metrics", "weights"], ["version"]),
}
KEPT = {"records", "manifest", "weights", "metrics", "maps", "version"}


def test_a_stage_waits_for_those_whose_outputs_it_reads_and_no_more():
    assert order(STAGES, KEPT) == {
        "ingest": [],
        "validate": ["ingest"],
        "train": ["validate"],
        "evaluate": ["train"],
        "explain": ["train"],
        "register": ["evaluate"],
    }


def test_what_no_stage_of_the_pipeline_makes_is_not_waited_for():
    assert order({"evaluate": STAGES["evaluate"]}, set()) == {"evaluate": []}


def test_data_between_tasks_must_be_in_the_catalog():
    with pytest.raises(ParameterError, match="manifest: validate makes it and train reads it"):
        order(STAGES, KEPT - {"manifest"})


def test_each_stage_is_a_task_after_the_one_that_opens_the_run(config):
    described = describe(STAGES, KEPT, config, "ham10000_gpu", [])
    tasks = {task["name"]: task for task in described["tasks"]}
    assert list(tasks) == ["open", *STAGES]
    assert tasks["train"]["after"] == ["open", "validate"]
    assert tasks["train"]["command"] == [
        *("kedro", "run", "--env", "ham10000_gpu", "--pipelines", "train"),
        *("--if-running", "wait"),
    ]
    assert described["name"] == "dermaflow-ham10000-gpu"
    assert described["close"] == ["kedro", "job", "close", "--env", "ham10000_gpu"]


def test_a_fold_is_a_task_before_the_one_that_pools(config):
    chain = {name: STAGES[name] for name in ("ingest", "validate")}
    chain["crossval_train"] = stage(["records", "manifest"], ["logits"])
    chain["crossval_evaluate"] = stage(["logits"], ["pooled"])
    own = KubeflowConfig.model_validate({**config.model_dump(), "parallelism": 2})
    described = describe(chain, {*KEPT, "logits", "pooled"}, own, "base", [1, 3])
    tasks = {task["name"]: task for task in described["tasks"]}
    fold, pool = tasks["crossval_fold"], tasks["crossval_train"]
    assert fold["foreach"] == {"items": ["1", "3"], "option": "--fold", "parallelism": 2}
    assert fold["after"] == ["open", "validate"]
    assert pool["after"] == ["crossval_fold"]
    assert fold["command"] == pool["command"]
    assert fold["pod"] == pool["pod"] == "crossval_train"
    assert [name for name, task in tasks.items() if task["foreach"]] == ["crossval_fold"]


def test_folds_that_would_share_no_volume_are_left_to_the_stage(config):
    values = config.model_dump() | {"remote": "s3://bucket/folder"}
    values["project"] = {"claim": None, "path": "/project"}
    alone = KubeflowConfig.model_validate(values)
    pools = {"crossval_train": stage(["manifest"], ["logits"])}
    tasks = [task["name"] for task in describe(pools, KEPT, alone, "base", [1, 2])["tasks"]]
    assert tasks == ["open", "crossval_train"]


def test_units_are_those_of_kubernetes(config):
    values = config.model_dump()
    values["stages"] = {"train": {"cpu_cores": 1.5, "memory_gib": 3, "time_limit_hours": 0.25}}
    own = KubeflowConfig.model_validate(values)
    pods = describe(STAGES, KEPT, own, "base", [])["pods"]
    assert pods["train"]["cpu"] == "1500m"
    assert pods["train"]["memory"] == "3072Mi"
    assert pods["train"]["timeout_seconds"] == 900
    assert pods["evaluate"]["memory"] == config.resources.memory
