"""From the project's configuration and pipelines to the YAML of one environment."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from dermaflow.deploy.kubeflow.call_sdk import call_sdk
from dermaflow.deploy.kubeflow.describe import describe
from dermaflow.deploy.kubeflow.describe_train_job import describe_train_job
from dermaflow.errors import EngineError
from dermaflow.params.check import read_config
from dermaflow.params.kubeflow import KubeflowConfig
from dermaflow.schema import EXTRAS, STAGES
from dermaflow.versioning.dvc.stage_file import read_conf_files


class Compiled(NamedTuple):
    """A compiled pipeline, or a ``TrainJob``.

    Attributes:
        name: of the pipeline or job.
        text: YAML.
    """

    name: str
    text: str


def read_kubeflow_config(project_path: Path, env: str) -> KubeflowConfig:
    """``kubeflow.yml`` of an environment. Raises ParameterError for a wrong key."""
    return read_config(KubeflowConfig, read_conf_files(project_path, env), "kubeflow")


def compile_project(project_path: Path, env: str, names: str) -> Compiled:
    """Compile pipelines of the project; nothing is submitted.

    Args:
        project_path: root of the project.
        env: the environment.
        names: of pipelines, separated by commas.

    Raises:
        ParameterError: a key of ``kubeflow.yml`` is wrong, or data between stages are kept nowhere.
        EngineError: no such pipeline, or the SDK is missing or refuses.
    """
    from kedro.framework.project import pipelines

    catalog = read_conf_files(project_path, env)["catalog"]
    persisted = {name for name, entry in catalog.items() if "filepath" in entry}
    stages = {stage: pipelines[stage] for stage in stages_of(names)}
    description = describe(stages, persisted, read_kubeflow_config(project_path, env), env)
    text = call_sdk(project_path, "compile", description)["text"]
    return Compiled(description["name"], text)


def write_train_job(
    project_path: Path, env: str, nodes: int, processes: int, params: str
) -> Compiled:
    """Write a training on several nodes for Kubeflow Trainer; nothing is submitted.

    Args:
        project_path: root of the project.
        env: the environment.
        nodes: how many.
        processes: of the training on each of them.
        params: as of ``kedro run``.

    Raises:
        ParameterError: a key of ``kubeflow.yml`` is wrong.
        EngineError: the SDK is missing or refuses.
    """
    config = read_kubeflow_config(project_path, env)
    job = describe_train_job(config, env, nodes, processes, params)
    text = call_sdk(project_path, "trainjob", {"train_job": job})["text"]
    return Compiled(job["metadata"]["name"], text)


def stages_of(names: str) -> list[str]:
    """Stages of pipelines, in the order of the data.

    Args:
        names: separated by commas.

    Raises:
        EngineError: there is no such pipeline.
    """
    order = (*STAGES, *(stage for stages in EXTRAS.values() for stage in stages))
    known = {"__default__": STAGES, **{stage: (stage,) for stage in order}, **EXTRAS}
    asked = [name.strip() for name in names.split(",")]
    for name in asked:
        if name not in known:
            raise EngineError(f"there is no pipeline {name!r}; there are {', '.join(known)}")
    wanted = {stage for name in asked for stage in known[name]}
    return [stage for stage in order if stage in wanted]
