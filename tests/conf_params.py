"""Typed parameters as conf/ gives them, but for the keys that a test is about."""

from functools import cache
from pathlib import Path
from typing import Any

from kedro.config import OmegaConfigLoader

from dermaflow.params.dotted_keys import nest
from dermaflow.settings import CONFIG_LOADER_ARGS
from dermaflow.versioning.stages.stage_dependencies import adapter_of

_CONF = Path(__file__).parents[1] / "conf"

# A gate of promotion with all of its keys.
GATE = {
    "metric": "test/mel/recall",
    "direction": ">=",
    "bound": 0.7,
    "judged_by": "value",
    "least": 10,
    "below_least": "refuse",
}


def params_of(group: str, changes: dict[str, Any] | None = None, env: str = "smoke") -> Any:
    """A validated group of parameters.

    Args:
        group: such as ``train`` or ``seed``.
        changes: dotted key within the group -> value, which replaces what is there.
        env: whose files are read, above those of base.

    Raises:
        pydantic.ValidationError: a change is not allowed.
    """
    values = _read(env)[group]
    return adapter_of(group).validate_python(nest(changes, values) if changes else values)


@cache
def _read(env: str) -> dict[str, Any]:
    loader = OmegaConfigLoader(str(_CONF), env=env, **CONFIG_LOADER_ARGS)
    parameters: dict[str, Any] = loader["parameters"]
    return parameters
