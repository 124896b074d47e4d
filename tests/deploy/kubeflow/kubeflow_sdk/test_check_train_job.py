"""A ``TrainJob`` as Kubeflow Trainer's own models read it."""

import json

import pytest
import yaml

from dermaflow.deploy.kubeflow.compile_project import read_kubeflow_config
from dermaflow.deploy.kubeflow.describe_train_job import describe_train_job
from dermaflow.errors import EngineError


@pytest.mark.parametrize("env", ["base", "ham10000_gpu"])
def test_the_models_of_kubeflow_trainer_take_every_environment(sdk, project_path, env):
    job = describe_train_job(read_kubeflow_config(project_path, env), env, 2, 1, "")
    assert yaml.safe_load(sdk("trainjob", train_job=job)["text"]) == job


def test_the_models_of_kubeflow_trainer_take_all_there_is(sdk, full):
    job = describe_train_job(full, "base", 2, 2, "train.epochs=30")
    assert yaml.safe_load(sdk("trainjob", train_job=job)["text"]) == job


@pytest.mark.parametrize(
    ("good", "bad", "named"),
    [
        ('"numNodes": 2', '"numNodes": "2"', "num_nodes|numNodes"),
        ('"numNodes"', '"nodes"', "nodes: 2"),
        ('"volumeMounts"', '"volume_mounts"', "volume_mounts"),
        ('"runtimeRef"', '"runtime"', "runtimeRef|runtime_ref"),
        ('"nodeSelector"', '"selector"', "selector"),
    ],
)
def test_what_kubeflow_trainer_would_refuse_or_pass_over_is_named(sdk, full, good, bad, named):
    text = json.dumps(describe_train_job(full, "base", 2, 2, ""))
    assert good in text
    with pytest.raises(EngineError, match=named):
        sdk("trainjob", train_job=json.loads(text.replace(good, bad)))
