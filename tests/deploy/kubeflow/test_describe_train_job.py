"""A training on several nodes, from what conf says of the stage train."""

import pytest

from dermaflow.deploy.kubeflow.describe_train_job import describe_train_job
from dermaflow.errors import ParameterError


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
    assert pod["tolerations"] == [{"key": "gpu", "operator": "Exists", "effect": "NoSchedule"}]
    assert pod["imagePullSecrets"] == [{"name": "registry"}]
    assert job["spec"]["activeDeadlineSeconds"] == 24 * 3600


def test_each_process_has_an_accelerator_of_its_own(full):
    with pytest.raises(ParameterError, match=r"stages.train.accelerators: 2, .* 2 nodes 4"):
        describe_train_job(full, "base", 2, 4, "")
