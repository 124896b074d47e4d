"""The registry of one environment's model, opened for decisions."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion

from dermaflow.errors import RegistryError
from dermaflow.params.parameters import Parameters
from dermaflow.registry.registry_config import RegistryConfig
from dermaflow.registry.rescore import ImagePlaces
from dermaflow.registry.versions import find_version, list_versions
from dermaflow.tracking.tracking_config import TrackingConfig


@dataclass(frozen=True)
class ModelRegistry:
    """What a decision needs.

    Attributes:
        client: of the store.
        tracking: of the store, resolved.
        config: which aliases there are.
        parameters: of the environment.
        env: the environment.
        project_path: where the hook runs.
        images: of the environment, on which other versions are scored.
    """

    client: MlflowClient
    tracking: TrackingConfig
    config: RegistryConfig
    parameters: Parameters
    env: str
    project_path: Path
    images: ImagePlaces | None = None

    @property
    def model(self) -> str:
        """Name of the registered model."""
        return self.parameters.register_.name

    def version(self, number: str) -> ModelVersion:
        """A version by its number. Raises RegistryError for an unknown one."""
        return find_version(self.client, self.model, number)

    def versions(self) -> list[ModelVersion]:
        """All versions, the oldest first. Raises RegistryError where there are none."""
        found = list_versions(self.client, self.model)
        if not found:
            raise RegistryError(
                f"model {self.model!r} has no versions "
                f"(`kedro run --env {self.env}` makes the first)"
            )
        return found
