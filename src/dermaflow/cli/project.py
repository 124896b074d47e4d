"""What commands need of the project they run in."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dermaflow.schema import DEFAULT_ENVIRONMENT

if TYPE_CHECKING:
    from kedro.framework.context import KedroContext

    from dermaflow.params.parameters import Parameters
    from dermaflow.registry.model_registry import ModelRegistry
    from dermaflow.tracking.tracking_config import TrackingConfig


_WITHOUT_ENV = (DEFAULT_ENVIRONMENT, "local")  # folders of conf that Kedro reads then


def project_root() -> Path:
    """Root of the project around the working folder; that folder itself where there is none."""
    from kedro.utils import find_kedro_project

    folder = Path.cwd()
    return find_kedro_project(folder) or folder


def load_conf(
    env: str | None, params: Mapping[str, Any] | None = None
) -> tuple[Parameters, TrackingConfig]:
    """Parameters and tracking configuration of an environment, as ``kedro run`` would have them.

    Args:
        env: the environment.
        params: what ``--params`` says.

    Raises:
        ParameterError: conf does not say what the project's types ask for.
    """
    _, parameters, config = _load(env, params)
    return parameters, config


def open_model_registry(env: str | None) -> ModelRegistry:
    """The registry of an environment's model.

    Raises:
        ParameterError: conf does not say what the project's types ask for.
        RegistryError: there is no store yet.
    """
    from dermaflow.registry.model_registry import ModelRegistry
    from dermaflow.registry.registry_config import RegistryConfig
    from dermaflow.registry.rescore import ImagePlaces
    from dermaflow.registry.versions import open_registry

    loader, parameters, tracking = _load(env, {})
    root = project_root()
    folders = [Path(loader.conf_source, name) for name in ((env,) if env else _WITHOUT_ENV)]
    return ModelRegistry(
        client=open_registry(tracking),
        tracking=tracking,
        config=RegistryConfig.read(loader, folders),
        parameters=parameters,
        env=env or DEFAULT_ENVIRONMENT,
        project_path=root,
        images=ImagePlaces.read(loader["catalog"], root),
    )


def _load(
    env: str | None, params: Mapping[str, Any] | None
) -> tuple[Any, Parameters, TrackingConfig]:
    from kedro.framework.session import KedroSession

    from dermaflow.params.parameters import Parameters
    from dermaflow.tracking.tracking_config import TrackingConfig

    # The context's hook checks the parameters, and names the file of a wrong one.
    session: Any
    with KedroSession.create(env=env, runtime_params=dict(params or {})) as session:
        context: KedroContext = session.load_context()
        loader = context.config_loader
        config = TrackingConfig.read(loader).resolve(context.project_path)
        return loader, Parameters.model_validate(loader["parameters"]), config
