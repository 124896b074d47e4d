"""Whether a compiled pipeline is what Kubeflow takes.

The SDK loads a file in which a key is misspelt or an edge leads nowhere. The server then ignores
the one, and hangs on the other.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import yaml
from google.protobuf import json_format
from kfp.kubernetes.kubernetes_executor_config_pb2 import KubernetesExecutorConfig
from kfp.pipeline_spec import pipeline_spec_pb2 as spec


class SpecError(ValueError):
    """The file is no pipeline that Kubeflow can run; the text says what is wrong with it."""


def check_spec(text: str) -> None:
    """Parse every part by its own message, without unknown keys, and follow all edges.

    Raises:
        SpecError: with the first thing that is wrong.
    """
    try:
        parts = [part for part in yaml.safe_load_all(text) if part is not None]
    except yaml.YAMLError as error:
        raise SpecError(f"no YAML: {error}") from error
    if not parts or len(parts) > 2 or not all(isinstance(part, dict) for part in parts):
        raise SpecError("a pipeline is one document, or two with its platform")
    pipeline = _parse(parts[0], spec.PipelineSpec(), "the pipeline")
    if not pipeline.pipeline_info.name:
        raise SpecError("the pipeline has no name")
    deployment = _parse(
        json_format.MessageToDict(pipeline.deployment_spec),
        spec.PipelineDeploymentConfig(),
        "deploymentSpec",
    )
    _check_components(pipeline, deployment)
    if len(parts) == 2:
        _check_platforms(parts[1], deployment)


def _parse(content: Mapping[str, Any], message: Any, what: str) -> Any:
    try:
        return json_format.Parse(json.dumps(content), message)
    except (json_format.ParseError, TypeError) as error:
        raise SpecError(f"{what}: {error}") from error


def _check_components(pipeline: Any, deployment: Any) -> None:
    components = {"root": pipeline.root, **pipeline.components}
    used = set[str]()
    for name, component in components.items():
        kind = component.WhichOneof("implementation")
        if kind is None:
            raise SpecError(f"{name}: it has neither an executor nor tasks")
        if kind == "executor_label":
            if component.executor_label not in deployment.executors:
                raise SpecError(f"{name}: there is no executor {component.executor_label!r}")
            used.add(component.executor_label)
        else:
            _check_tasks(name, component, components)
    for label, executor in deployment.executors.items():
        if label not in used:
            raise SpecError(f"{label}: no component uses this executor")
        if executor.WhichOneof("spec") == "container" and not executor.container.image:
            raise SpecError(f"{label}: it has no image")


def _check_tasks(name: str, component: Any, components: Mapping[str, Any]) -> None:
    tasks = component.dag.tasks
    if not tasks:
        raise SpecError(f"{name}: it has no tasks")
    for key, task in tasks.items():
        called = task.component_ref.name
        if called not in components:
            raise SpecError(f"{name}, {key}: there is no component {called!r}")
        for before in (*task.dependent_tasks, *_producers(task)):
            if before not in tasks:
                raise SpecError(f"{name}, {key}: it waits for {before!r}, which is no task")
        _check_iterator(f"{name}, {key}", task, components[called])
        _check_inputs(f"{name}, {key}", task, component, components[called])
    _refuse_circles(name, tasks)


def _producers(task: Any) -> Iterator[str]:
    for given in task.inputs.parameters.values():
        kind = given.WhichOneof("kind")
        if kind in ("task_output_parameter", "task_final_status"):
            yield getattr(given, kind).producer_task


def _check_iterator(where: str, task: Any, called: Any) -> None:
    kind = task.WhichOneof("iterator")
    if kind is None:
        if task.HasField("iterator_policy"):
            raise SpecError(f"{where}: it has a policy for repeating it, but is not repeated")
        return
    if kind != "parameter_iterator":
        raise SpecError(f"{where}: it is repeated by {kind}, not for parameters")
    iterator = task.parameter_iterator
    if iterator.item_input not in called.input_definitions.parameters:
        raise SpecError(f"{where}: its component takes no item {iterator.item_input!r}")
    if iterator.items.WhichOneof("kind") != "raw":
        source = iterator.items.input_parameter
        if source not in task.inputs.parameters:
            raise SpecError(f"{where}: there is no parameter {source!r} to take items from")
    elif not _is_list(iterator.items.raw):
        raise SpecError(f"{where}: {iterator.items.raw!r} is no list of items")


def _is_list(text: str) -> bool:
    try:
        items = json.loads(text)
    except ValueError:
        return False
    return isinstance(items, list) and bool(items)


def _check_inputs(where: str, task: Any, component: Any, called: Any) -> None:
    wanted = called.input_definitions.parameters
    for name, given in task.inputs.parameters.items():
        if name not in wanted:
            raise SpecError(f"{where}: its component takes no parameter {name!r}")
        source = given.component_input_parameter
        if source and source not in component.input_definitions.parameters:
            # Kubeflow names what a loop hands out by the loop.
            raise SpecError(f"{where}: there is no parameter {source!r} to take {name!r} from")
    given_by_loop = {task.parameter_iterator.item_input}
    for name, parameter in wanted.items():
        if name not in {*task.inputs.parameters, *given_by_loop} and not parameter.is_optional:
            raise SpecError(f"{where}: the parameter {name!r} is missing")


def _refuse_circles(name: str, tasks: Mapping[str, Any]) -> None:
    left = {key: {*task.dependent_tasks, *_producers(task)} for key, task in tasks.items()}
    while left:
        free = [key for key, before in left.items() if not before & left.keys()]
        if not free:
            raise SpecError(f"{name}: {', '.join(sorted(left))} wait for one another")
        for key in free:
            del left[key]


def _check_platforms(content: Mapping[str, Any], deployment: Any) -> None:
    platforms = _parse(content, spec.PlatformSpec(), "the platform").platforms
    for platform, single in platforms.items():
        if platform != "kubernetes":
            raise SpecError(f"{platform}: no platform of ours")
        for label, executor in single.deployment_spec.executors.items():
            if label not in deployment.executors:
                raise SpecError(f"the platform: there is no executor {label!r}")
            config = json_format.MessageToDict(executor)
            _parse(config, KubernetesExecutorConfig(), f"the platform, {label}")
