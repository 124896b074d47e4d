"""From the project's configuration and pipelines to the YAML of one environment."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from omegaconf import OmegaConf

from dermaflow.deploy.kubeflow.call_sdk import call_sdk
from dermaflow.deploy.kubeflow.describe_pipeline import describe
from dermaflow.deploy.kubeflow.describe_train_job import describe_train_job
from dermaflow.deploy.kubeflow.kubeflow_config import KubeflowConfig
from dermaflow.errors import EngineError
from dermaflow.params.check import check_parameters, read_config
from dermaflow.schema import DEFAULT_ENVIRONMENT, EXTRAS, FOLDS_STAGE, STAGES
from dermaflow.versioning.dvc.stage_file import read_conf_files


class Compiled(NamedTuple):
    """A compiled pipeline.

    Attributes:
        name: of the pipeline.
        text: YAML.
    """

    name: str
    text: str


def read_kubeflow_config(project_path: Path, env: str) -> KubeflowConfig:
    """``kubeflow.yml`` of an environment. Raises ParameterError for a wrong key."""
    return read_config(KubeflowConfig, read_conf_files(project_path, env), "kubeflow")


def compile_project(
    project_path: Path, env: str, names: str, changes: Mapping[str, Any] | None = None
) -> Compiled:
    """Compile pipelines of the project; nothing is submitted.

    Args:
        project_path: root of the project.
        env: the environment.
        names: of pipelines, separated by commas.
        changes: nested, of parameters, with which it is to run: they may name other folds.

    Raises:
        ParameterError: a key of ``kubeflow.yml`` or a parameter is wrong, or data between stages
            are kept nowhere.
        EngineError: no such pipeline, or the SDK is missing or refuses.
    """
    from kedro.framework.project import pipelines

    catalog = read_conf_files(project_path, env)["catalog"]
    persisted = {name for name, entry in catalog.items() if "filepath" in entry}
    stages = {stage: pipelines[stage] for stage in stages_of(names)}
    config = read_kubeflow_config(project_path, env)
    folds = read_folds(project_path, env, changes or {}) if FOLDS_STAGE in stages else []
    description = describe(stages, persisted, config, env, folds)
    text = call_sdk(project_path, "compile", description)["text"]
    return Compiled(description["name"], text)


def read_folds(project_path: Path, env: str, changes: Mapping[str, Any]) -> list[int]:
    """Numbers of the folds that a cross-validation trains.

    Args:
        project_path: root of the project.
        env: the environment.
        changes: nested, to its parameters.

    Raises:
        ParameterError: a parameter is wrong.
    """
    filed = OmegaConf.create(read_conf_files(project_path, env)["parameters"])
    values: Any = OmegaConf.to_container(OmegaConf.merge(filed, dict(changes)))
    values["crossval"]["collect"] = []  # folders of the cluster, which need not be here
    folders = [project_path / "conf" / name for name in (env, DEFAULT_ENVIRONMENT)]
    parameters = check_parameters(values, folders, changes)
    return parameters.crossval.folds or list(range(1, parameters.validate_.split.folds + 1))


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
