"""A training on several nodes, as Kubeflow Trainer's own models read it."""

import json

import pytest
import yaml

from dermaflow.deploy.kubeflow.compile_project import read_kubeflow_config
from dermaflow.deploy.kubeflow.describe_train_job import describe_train_job
from dermaflow.errors import EngineError, ParameterError
from dermaflow.params.kubeflow import KubeflowConfig

FULL = {
    "namespace": "hospital",
    "image_pull_secrets": ["registry"],
    "volumes": [{"claim": "ham10000", "path": "/data"}],
    "environment": {"MLFLOW_TRACKING_URI": "http://mlflow:5000"},
    "secrets": [{"name": "mlflow", "variables": {"password": "MLFLOW_TRACKING_PASSWORD"}}],
}
PLACED = {
    "accelerators": 2,
    "node_selector": {"gpu": "h100"},
    "tolerations": [{"key": "gpu", "operator": "Exists", "effect": "NoSchedule"}],
}


@pytest.fixture
def full(config):
    """A configuration that uses all there is."""
    dumped = config.model_dump(mode="json")
    dumped["stages"]["train"] = {**dumped["resources"], **PLACED}
    return KubeflowConfig.model_validate(dumped | FULL)


def pod_of(job):
    (patch,) = job["spec"]["runtimePatches"]
    (node,) = patch["trainingRuntimeSpec"]["template"]["spec"]["replicatedJobs"]
    return node["template"]["spec"]["template"]["spec"]


def test_every_node_runs_the_one_command(full):
    job = describe_train_job(full, "ham10000_gpu", 3, 2, "train.epochs=30")
    assert job["metadata"] == {"name": "dermaflow-ham10000-gpu-train", "namespace": "hospital"}
    trainer = job["spec"]["trainer"]
    assert (trainer["numNodes"], trainer["numProcPerNode"]) == (3, 2)
    assert " ".join(trainer["command"]) == (
        "python -P -m dermaflow.deploy.start_project kedro train-node --env ham10000_gpu "
        "--if-running wait --params train.epochs=30"
    )


def test_a_node_has_what_conf_says_of_the_stage_train(full):
    job = describe_train_job(full, "base", 2, 2, "")
    trainer, pod = job["spec"]["trainer"], pod_of(job)
    limits = {"cpu": "2000m", "memory": "8192Mi", "nvidia.com/gpu": "2"}
    assert trainer["resourcesPerNode"] == {"requests": limits, "limits": limits}
    assert trainer["env"] == [
        {"name": "MLFLOW_TRACKING_URI", "value": "http://mlflow:5000"},
        {
            "name": "MLFLOW_TRACKING_PASSWORD",
            "valueFrom": {"secretKeyRef": {"name": "mlflow", "key": "password"}},
        },
    ]
    places = {mount["name"]: mount["mountPath"] for mount in pod["containers"][0]["volumeMounts"]}
    claims = {
        places[volume["name"]]: volume["persistentVolumeClaim"]["claimName"]
        for volume in pod["volumes"]
        if "persistentVolumeClaim" in volume
    }
    assert claims == {"/project": "dermaflow", "/data": "ham10000"}
    assert {"/dev/shm", "/tmp"} < set(places.values())
    assert pod["nodeSelector"] == {"gpu": "h100"}
    assert pod["tolerations"] == PLACED["tolerations"]
    assert pod["imagePullSecrets"] == [{"name": "registry"}]
    assert job["spec"]["activeDeadlineSeconds"] == 24 * 3600


def test_each_process_has_an_accelerator_of_its_own(full):
    with pytest.raises(ParameterError, match=r"stages.train.accelerators: 2, .* 2 nodes 4"):
        describe_train_job(full, "base", 2, 4, "")


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
