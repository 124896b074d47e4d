"""What commands need of the project they run in."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kedro.framework.context import KedroContext

    from dermaflow.params.parameters import Parameters
    from dermaflow.registry.rescore import ImagePlaces
    from dermaflow.tracking.tracking_config import TrackingConfig


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
    from kedro.framework.session import KedroSession

    from dermaflow.params.parameters import Parameters
    from dermaflow.tracking.tracking_config import TrackingConfig

    # The context's hook checks the parameters, and names the file of a wrong one.
    session: Any
    with KedroSession.create(env=env, runtime_params=dict(params or {})) as session:
        context: KedroContext = session.load_context()
        loader = context.config_loader
        config = TrackingConfig.read(loader).resolve(context.project_path)
        return Parameters.model_validate(loader["parameters"]), config


def image_places(env: str | None) -> ImagePlaces:
    """Where an environment keeps its images."""
    from kedro.framework.session import KedroSession

    from dermaflow.registry.rescore import ImagePlaces

    session: Any
    with KedroSession.create(env=env) as session:
        context: KedroContext = session.load_context()
        return ImagePlaces.read(context.config_loader["catalog"], context.project_path)
