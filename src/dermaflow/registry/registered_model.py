"""The registered model of an environment, which no other may register versions of."""

from __future__ import annotations

from mlflow import MlflowClient

from dermaflow.errors import RegistryError

ENVIRONMENT_TAG = "environment"  # of a registered model, and of its versions


def own_model(client: MlflowClient, name: str, env: str, intended_use: str) -> None:
    """Make the registered model, unless it is there and is this environment's.

    Two environments that shared one would take aliases from each other.

    Raises:
        RegistryError: it is another environment's.
    """
    found = client.search_registered_models(f"name = '{name}'")
    if not found:
        client.create_registered_model(name, {ENVIRONMENT_TAG: env}, intended_use)
        return
    owner = found[0].tags.get(ENVIRONMENT_TAG, env)
    if owner != env:
        raise RegistryError(
            f"the registered model {name} is of the environment {owner}: give {env} another name "
            f"(register.name in conf/{env}/parameters_register.yml)"
        )
