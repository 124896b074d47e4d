"""A training on several nodes as a ``TrainJob`` of Kubeflow Trainer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dermaflow.deploy.kubeflow.kubeflow_config import KubeflowConfig, TaskResources
from dermaflow.errors import ParameterError

RUNTIME = "torch-distributed"  # Kubeflow Trainer's own ClusterTrainingRuntime
_TRAIN, _NODE = "train", "node"  # the stage; the runtime's job and its container
_SHARED_MEMORY, _SCRATCH = "/dev/shm", "/tmp"


def describe_train_job(
    config: KubeflowConfig, env: str, nodes: int, processes: int, params: str
) -> dict[str, Any]:
    """Describe a job whose nodes all run ``kedro train-node``.

    Args:
        config: image, volumes and secrets, and what a node may use: that of the stage ``train``.
        env: the environment.
        nodes: how many.
        processes: of the training on each node.
        params: as of ``kedro run``.

    Returns:
        The ``TrainJob``, JSON-ready.

    Raises:
        ParameterError: a node would have more or fewer accelerators than processes, or the nodes
            share no volume.
    """
    resources = config.resources_of(_TRAIN)
    if resources.accelerators not in (0, processes):
        raise ParameterError(
            f"kubeflow.yml, stages.train.accelerators: {resources.accelerators}, but "
            f"train.processes gives each of {nodes} nodes {processes}: each process trains on one"
        )
    if config.project.claim is None:
        raise ParameterError("kubeflow.yml, project.claim: nodes must share a volume")
    metadata = {"name": f"{config.pipeline}-{env.replace('_', '-')}-train"}
    if config.namespace:
        metadata["namespace"] = config.namespace
    spec: dict[str, Any] = {
        "runtimeRef": {
            "apiGroup": "trainer.kubeflow.org",
            "kind": "ClusterTrainingRuntime",
            "name": RUNTIME,
        },
        "trainer": {
            "image": config.image,
            "command": _command(config, env, params),
            "env": _variables(config),
            "numNodes": nodes,
            "numProcPerNode": processes,
            "resourcesPerNode": _resources(resources),
        },
        "runtimePatches": [_patch(config, resources)],
    }
    if resources.time_limit_seconds:
        spec["activeDeadlineSeconds"] = resources.time_limit_seconds
    kind = {"apiVersion": "trainer.kubeflow.org/v1alpha1", "kind": "TrainJob"}
    return kind | {"metadata": metadata, "spec": spec}


def _command(config: KubeflowConfig, env: str, params: str) -> list[str]:
    words = ["kedro", "train-node", "--env", env, "--if-running", "wait"]
    return [*config.entrypoint, *words, *(["--params", params] if params else [])]


def _variables(config: KubeflowConfig) -> list[dict[str, Any]]:
    plain = [{"name": name, "value": text} for name, text in sorted(config.environment.items())]
    secret = [
        {"name": name, "valueFrom": {"secretKeyRef": {"name": secret.name, "key": key}}}
        for secret in config.secrets
        for key, name in sorted(secret.variables.items())
    ]
    return plain + secret


def _resources(resources: TaskResources) -> dict[str, dict[str, str]]:
    amounts = {"cpu": resources.cpu, "memory": resources.memory}
    if resources.accelerators:
        amounts[resources.accelerator] = str(resources.accelerators)
    return {"requests": amounts, "limits": dict(amounts)}


def _patch(config: KubeflowConfig, resources: TaskResources) -> dict[str, Any]:
    """What a ``TrainJob`` says of its pods by a change to the runtime's."""
    shared_memory = {"medium": "Memory", "sizeLimit": resources.shared_memory}
    volumes: list[dict[str, Any]] = [
        {"name": "shared-memory", "emptyDir": shared_memory},
        {"name": "scratch", "emptyDir": {}},
    ]
    mounts = _mounts([("shared-memory", _SHARED_MEMORY), ("scratch", _SCRATCH)])
    claims = [(volume.claim, volume.path) for volume in config.volumes]
    for number, (claim, path) in enumerate([(config.project.claim, config.project.path), *claims]):
        name = f"volume-{number}"
        volumes.append({"name": name, "persistentVolumeClaim": {"claimName": claim}})
        mounts += _mounts([(name, path)])
    pod: dict[str, Any] = {
        "containers": [{"name": _NODE, "volumeMounts": mounts}],
        "volumes": volumes,
    }
    if config.image_pull_secrets:
        pod["imagePullSecrets"] = [{"name": name} for name in config.image_pull_secrets]
    if resources.node_selector:
        pod["nodeSelector"] = dict(resources.node_selector)
    if resources.tolerations:
        dumped = [one.model_dump(exclude_none=True) for one in resources.tolerations]
        pod["tolerations"] = dumped
    job = {"name": _NODE, "template": {"spec": {"template": {"spec": pod}}}}
    return {
        "manager": "dermaflow.org/train-job",
        "trainingRuntimeSpec": {"template": {"spec": {"replicatedJobs": [job]}}},
    }


def _mounts(places: Sequence[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"name": name, "mountPath": path} for name, path in places]
