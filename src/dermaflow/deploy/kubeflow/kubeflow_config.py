"""``conf/<env>/kubeflow.yml``, typed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from dermaflow.params.base import Params, PositiveFloat, PositiveInt
from dermaflow.schema import EXTRAS, STAGES

NonNegativeInt = Annotated[int, Field(ge=0)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$", max_length=253)]
AbsolutePath = Annotated[str, Field(pattern=r"^/[^:]*$")]

# The small tasks that open and close the MLflow run of all stages.
JOB = "job"
_TASKS = (*STAGES, *(stage for stages in EXTRAS.values() for stage in stages), JOB)


def _mebibytes(gibibytes: float) -> str:
    return f"{round(gibibytes * 1024)}Mi"


class Toleration(Params):
    """A taint that a pod puts up with, in Kubernetes' own words."""

    key: str | None = None
    operator: Literal["Exists", "Equal"] = "Equal"
    value: str | None = None
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None = None


class TaskResources(Params):
    """What one task may use.

    Attributes:
        cpu_cores: requested, and not exceeded.
        memory_gib: requested, and not exceeded; shared memory counts as well.
        shared_memory_gib: size of ``/dev/shm``, by which processes of a training exchange data.
        accelerators: how many; 0 for a task on CPUs.
        accelerator: Kubernetes' name of the resource.
        node_selector: labels that a node must have.
        tolerations: taints of nodes that the task may run on.
        time_limit_hours: after which Kubernetes ends the pod; None for no limit.
        retries: further tries of a task that failed. A training goes on from its checkpoint.
        retry_after_seconds: before the first of them; the wait doubles with each.
    """

    cpu_cores: PositiveFloat
    memory_gib: PositiveFloat
    shared_memory_gib: PositiveFloat
    accelerators: NonNegativeInt
    accelerator: str
    node_selector: dict[str, str]
    tolerations: list[Toleration]
    time_limit_hours: PositiveFloat | None
    retries: NonNegativeInt
    retry_after_seconds: NonNegativeInt

    @property
    def cpu(self) -> str:
        """Cores in Kubernetes' words: ``1500m``."""
        return f"{round(self.cpu_cores * 1000)}m"

    @property
    def memory(self) -> str:
        """Memory in Kubernetes' words: ``8192Mi``."""
        return _mebibytes(self.memory_gib)

    @property
    def shared_memory(self) -> str:
        """Shared memory, likewise."""
        return _mebibytes(self.shared_memory_gib)

    @property
    def time_limit_seconds(self) -> int | None:
        """The limit in whole seconds; None for no limit."""
        return None if self.time_limit_hours is None else round(self.time_limit_hours * 3600)


class ProjectVolume(Params):
    """What holds the project: conf, data, DVC's cache, and MLflow's store where that is local.

    Attributes:
        claim: name of a PersistentVolumeClaim, ReadWriteMany where tasks run on several nodes; None
            for an empty folder of each task's own, which ``remote`` then has to fill.
        path: where the image expects it.
    """

    claim: Name | None
    path: AbsolutePath


class Volume(Params):
    """A volume of the cluster, such as one with raw data.

    Attributes:
        claim: name of a PersistentVolumeClaim.
        path: where it is mounted.
    """

    claim: Name
    path: AbsolutePath


class Secret(Params):
    """Values of a Kubernetes secret as environment variables.

    Attributes:
        name: of the secret.
        variables: key of the secret -> name of the variable.
    """

    name: Name
    variables: dict[str, str]


class KubeflowConfig(Params):
    """How the pipeline runs on Kubeflow Pipelines. Nothing of it changes what a stage makes.

    Attributes:
        pipeline: name of the pipeline in Kubeflow; the environment is added.
        host: address of the API; None takes the variable ``KF_PIPELINES_ENDPOINT``.
        namespace: of the runs, where Kubeflow has several users.
        experiment: under which Kubeflow lists the runs.
        image: the pipeline image with its tag or digest.
        image_pull_policy: Kubernetes' own.
        image_pull_secrets: names of secrets by which the image may be pulled.
        entrypoint: of the image; Kubernetes replaces an image's own where a command is given.
        project: what holds the project.
        remote: address of a DVC remote, from which each task gets what the others made, and to
            which it brings what it makes; None where the project's volume is enough.
        volumes: other volumes.
        environment: variables of every task.
        secrets: more variables of every task.
        parallelism: how many folds of a cross-validation train at once; None for all.
        resources: of each task.
        stages: what is different for some stages, or for ``job``, which opens and closes the run.
    """

    pipeline: Name
    host: str | None
    namespace: Name | None
    experiment: str
    image: str
    image_pull_policy: Literal["Always", "IfNotPresent", "Never"]
    image_pull_secrets: list[Name]
    entrypoint: list[str]
    project: ProjectVolume
    remote: str | None
    volumes: list[Volume]
    environment: dict[str, str]
    secrets: list[Secret]
    parallelism: PositiveInt | None
    resources: TaskResources
    stages: dict[str, TaskResources]

    @model_validator(mode="before")
    @classmethod
    def _fill_in(cls, values: Any) -> Any:
        """Add to what conf says of a stage what it says of all."""
        if not isinstance(values, Mapping):
            return values
        common, own = values.get("resources"), values.get("stages")
        if not isinstance(common, Mapping) or not isinstance(own, Mapping):
            return values
        filled = {
            name: {**common, **changes} if isinstance(changes, Mapping) else changes
            for name, changes in own.items()
        }
        return {**values, "stages": filled}

    @model_validator(mode="after")
    def _keep_data(self) -> KubeflowConfig:
        if self.project.claim is None and self.remote is None:
            raise ValueError("project.claim: without a volume, the data need a remote")
        return self

    @model_validator(mode="after")
    def _know_stages(self) -> KubeflowConfig:
        unknown = sorted(self.stages.keys() - set(_TASKS))
        if unknown:
            raise ValueError(f"stages.{unknown[0]}: no stage; there are {', '.join(_TASKS)}")
        return self

    def resources_of(self, task: str) -> TaskResources:
        """What a stage, or ``job``, may use."""
        return self.stages.get(task, self.resources)
