"""A Kubeflow pipeline from what ``describe`` says: a container component for each task."""

# No `from __future__ import annotations`: the SDK reads the annotations of components as types.

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from kfp import dsl, kubernetes

_SHARED_MEMORY, _SCRATCH = "/dev/shm", "/tmp"
# For which a recurring run is due; when a single one was submitted.
_DATE = dsl.PIPELINE_JOB_SCHEDULE_TIME_UTC_PLACEHOLDER


def build_pipeline(description: Mapping[str, Any]) -> Any:
    """A pipeline that the SDK can compile.

    All tasks belong to one job, which they are told by ``DERMAFLOW_JOB_ID``. The last task closes
    it, whatever became of the others.

    Args:
        description: see ``dermaflow.deploy.kubeflow.describe_pipeline``.
    """
    close = _closing_component(description)
    components = {task["name"]: _component(description, task) for task in description["tasks"]}

    def pipeline(params: str = "") -> None:
        common = {"job": dsl.PIPELINE_JOB_ID_PLACEHOLDER, "date": _DATE}
        closing = close(**common)
        _shape(closing, description, "job")
        with dsl.ExitHandler(closing, name="stages"):
            made: dict[str, Any] = {}
            for task in description["tasks"]:
                with _repeated(task) as item:
                    run = components[task["name"]]
                    done = run(**common, params=params, **item)
                done.after(*(made[name] for name in task["after"]))
                _shape(done, description, task["pod"])
                made[task["name"]] = done

    return dsl.pipeline(name=description["name"], description=description["description"])(pipeline)


@contextmanager
def _repeated(task: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Arguments beside the common ones: within the block, the item that the task is run for."""
    each = task["foreach"]
    if each is None:
        yield {}
        return
    name = f"{task['name']}s"
    with dsl.ParallelFor(each["items"], name=name, parallelism=each["parallelism"]) as item:
        yield {"item": item}


def _component(description: Mapping[str, Any], task: Mapping[str, Any]) -> Any:
    command, each = task["command"], task["foreach"]

    def run(job: str, date: str, params: str) -> dsl.ContainerSpec:
        return _container(description, job, date, [*command, "--params", params])

    def run_for(job: str, date: str, params: str, item: str) -> dsl.ContainerSpec:
        words = [*command, each["option"], item, "--params", params]
        return _container(description, job, date, words)

    return _named(run_for if each else run, task["name"])


def _closing_component(description: Mapping[str, Any]) -> Any:
    command = description["close"]

    def close(job: str, date: str, status: dsl.PipelineTaskFinalStatus) -> dsl.ContainerSpec:
        return _container(description, job, date, [*command, "--status", status])

    return _named(close, "close")


def _container(description: Mapping[str, Any], job: Any, date: Any, words: list[Any]) -> Any:
    variables = [f"DERMAFLOW_JOB_ID={job}", f"DERMAFLOW_LOGICAL_DATE={date}"]
    command = [*description["entrypoint"], "env", *variables, *words]
    return dsl.ContainerSpec(image=description["image"], command=command)


def _named(function: Any, name: str) -> Any:
    function.__name__ = name
    return dsl.container_component(function)


def _shape(task: Any, description: Mapping[str, Any], name: str) -> None:
    """Give a task's pod its resources, volumes, secrets and retries."""
    pod, shared = description["pods"][name], description["all_pods"]
    task.set_caching_options(False)  # the project's own hashes decide
    task.set_cpu_request(pod["cpu"]).set_cpu_limit(pod["cpu"])
    task.set_memory_request(pod["memory"]).set_memory_limit(pod["memory"])
    if pod["accelerators"]:
        task.set_accelerator_type(pod["accelerator"]).set_accelerator_limit(pod["accelerators"])
    if pod["retries"]:
        task.set_retry(pod["retries"], backoff_duration=f"{pod['retry_after_seconds']}s")
    for variable, value in sorted(shared["environment"].items()):
        task.set_env_variable(variable, value)
    _place(task, pod)
    _mount(task, pod, shared)


def _place(task: Any, pod: Mapping[str, Any]) -> None:
    for key, value in sorted(pod["node_selector"].items()):
        kubernetes.add_node_selector(task, key, value)
    for toleration in pod["tolerations"]:
        kubernetes.add_toleration(task, **toleration)
    if pod["timeout_seconds"]:
        kubernetes.set_timeout(task, pod["timeout_seconds"])


def _mount(task: Any, pod: Mapping[str, Any], shared: Mapping[str, Any]) -> None:
    kubernetes.set_image_pull_policy(task, shared["image_pull_policy"])
    if shared["image_pull_secrets"]:
        kubernetes.set_image_pull_secrets(task, shared["image_pull_secrets"])
    for volume in (shared["project"], *shared["volumes"]):
        if volume["claim"]:
            kubernetes.mount_pvc(task, volume["claim"], volume["path"])
        else:
            kubernetes.empty_dir_mount(task, "project", volume["path"])
    # The image's own root may be read-only.
    kubernetes.empty_dir_mount(task, "scratch", _SCRATCH)
    size = pod["shared_memory"]
    kubernetes.empty_dir_mount(task, "shared-memory", _SHARED_MEMORY, "Memory", size)
    for secret in shared["secrets"]:
        kubernetes.use_secret_as_env(task, secret["name"], secret["variables"])
