"""The registered model of an environment: whose it is, and which version is the newest.

Nothing here depends on what promotion asks, which the stage that registers does not read.
"""

from __future__ import annotations

from mlflow import MlflowClient

from dermaflow.errors import RegistryError

CHALLENGER = "challenger"  # the alias of the newest version, which `register` gives
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


def give_challenger(client: MlflowClient, model: str) -> None:
    """Give ``challenger`` to the newest version, also where several are made at the same time.

    Each process looks for a newer version after its own move, so that the last move is right.
    """
    newest, given = _newest_version(client, model), None
    while newest != given:
        client.set_registered_model_alias(model, CHALLENGER, newest)
        given, newest = newest, _newest_version(client, model)


def _newest_version(client: MlflowClient, model: str) -> str:
    found = client.search_model_versions(
        f"name = '{model}'", max_results=1, order_by=["version_number DESC"]
    )
    return str(found[0].version)
