"""What the compiler has to know of a pipeline, as JSON: tasks, their order, and their pods.

The compiler needs Kubeflow's SDK, which cannot be installed beside the project (its protobuf and
requests are older). So it runs in an environment of its own and knows nothing of Kedro.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from kedro.pipeline import Pipeline

from dermaflow.deploy.kubeflow.kubeflow_config import JOB, KubeflowConfig, TaskResources
from dermaflow.errors import ParameterError
from dermaflow.schema import FOLDS_STAGE, JOB_REMOTE

# The tasks that train folds, one each, before the stage that pools them.
FOLD = "crossval_fold"


def describe(
    stages: Mapping[str, Pipeline],
    persisted: Collection[str],
    config: KubeflowConfig,
    env: str,
    folds: Sequence[int],
) -> dict[str, Any]:
    """Describe a pipeline whose tasks are stages.

    Args:
        stages: name -> all nodes of the stage, in the order of the data.
        persisted: datasets that outlive a process.
        config: how the tasks run.
        env: the environment.
        folds: of a cross-validation, each of which is a task; the stage that pools them has a pod
            like theirs, and trains what is missing. Where tasks share no volume it trains them all.

    Returns:
        JSON-ready: ``name``, ``description``, ``tasks`` with their ``name``, ``command`` (less
        ``--params``), ``after``, ``pod`` and ``foreach``, which is null or what the task is
        repeated for: ``items``, the ``option`` that takes one of them, and ``parallelism``, how
        many run at once, or null; ``close``, the command that ends the job; and ``pods``, what a
        pod looks like.

    Raises:
        ParameterError: a stage reads what another one keeps in memory only.
    """
    after = order(stages, persisted)
    tasks = [_task("open", _kedro("job", "open", env=env), [], JOB)]
    for stage, before in after.items():
        command = [*_kedro("run", env=env), "--pipelines", stage, "--if-running", "wait"]
        ready = ["open", *before]
        if stage == FOLDS_STAGE and config.project.claim:
            each = {
                "items": [str(number) for number in folds],
                "option": "--fold",
                "parallelism": config.parallelism,
            }
            tasks.append(_task(FOLD, command, ready, stage) | {"foreach": each})
            ready = [FOLD]
        tasks.append(_task(stage, command, ready, stage))
    return {
        "name": f"{config.pipeline}-{env.replace('_', '-')}",
        "description": f"Dermaflow, environment {env}: {', '.join(stages)}",
        "image": config.image,
        "entrypoint": config.entrypoint,
        "tasks": tasks,
        "close": _kedro("job", "close", env=env),
        "pods": {name: _pod(config.resources_of(name)) for name in (JOB, *stages)},
        "all_pods": _all_pods(config),
    }


def order(stages: Mapping[str, Pipeline], persisted: Collection[str]) -> dict[str, list[str]]:
    """Stage -> those that it waits for: it reads their outputs, and no other of them does.

    Raises:
        ParameterError: a dataset between two of them is in memory only.
    """
    makers = {dataset: stage for stage, nodes in stages.items() for dataset in nodes.all_outputs()}
    found: dict[str, list[str]] = {}
    for stage, nodes in stages.items():
        read = sorted(dataset for dataset in nodes.inputs() if dataset in makers)
        lost = [dataset for dataset in read if dataset not in persisted]
        if lost:
            raise ParameterError(
                f"{lost[0]}: {makers[lost[0]]} makes it and {stage} reads it in another process, "
                "but the catalog keeps it nowhere: give it a filepath in conf/base/catalog.yml"
            )
        before = {makers[dataset] for dataset in read}
        found[stage] = [name for name in stages if name in before]
    return {stage: _nearest(before, found) for stage, before in found.items()}


def _nearest(before: Sequence[str], found: Mapping[str, Sequence[str]]) -> list[str]:
    """Of the stages before one, those that no other one of them comes after."""
    return [one for one in before if not any(_follows(other, one, found) for other in before)]


def _follows(stage: str, other: str, found: Mapping[str, Sequence[str]]) -> bool:
    return other in found[stage] or any(_follows(one, other, found) for one in found[stage])


def _kedro(*words: str, env: str) -> list[str]:
    return ["kedro", *words, "--env", env]


def _task(name: str, command: Sequence[str], after: Sequence[str], pod: str) -> dict[str, Any]:
    return {
        "name": name,
        "command": list(command),
        "after": list(after),
        "pod": pod,
        "foreach": None,
    }


def _pod(resources: TaskResources) -> dict[str, Any]:
    return {
        "cpu": resources.cpu,
        "memory": resources.memory,
        "shared_memory": resources.shared_memory,
        "accelerators": resources.accelerators,
        "accelerator": resources.accelerator,
        "node_selector": resources.node_selector,
        "tolerations": [one.model_dump(exclude_none=True) for one in resources.tolerations],
        "timeout_seconds": resources.time_limit_seconds,
        "retries": resources.retries,
        "retry_after_seconds": resources.retry_after_seconds,
    }


def _all_pods(config: KubeflowConfig) -> dict[str, Any]:
    dumped = config.model_dump(mode="json")
    names = ("image_pull_policy", "image_pull_secrets", "secrets", "project", "volumes")
    remote = {JOB_REMOTE: config.remote} if config.remote else {}
    return {name: dumped[name] for name in names} | {"environment": config.environment | remote}
