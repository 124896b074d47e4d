"""Versions in a real registry, and which of them is found."""

import pytest
from mlflow.exceptions import MlflowException

from dermaflow.errors import RegistryError
from dermaflow.registry.versions import find_version, list_versions, open_registry


@pytest.fixture
def register(client, model):
    """Register a version; gives it as it is found in the registry."""
    client.create_registered_model(model)

    def make(run_id=None, **tags):
        made = client.create_model_version(model, "s3://a-bucket/a-model", run_id, tags=tags)
        return client.get_model_version(model, made.version)

    return make


def test_a_version_goes_by_its_number_and_an_unknown_one_is_answered_with_all(
    client, model, register
):
    for number in range(1, 11):
        register(made=f"as the {number}.")
    assert find_version(client, model, 2).tags == {"made": "as the 2."}
    assert [int(one.version) for one in list_versions(client, model)] == list(range(1, 11))
    known = "1, 2, 3, 4, 5, 6, 7, 8, 9, 10"
    said = rf"^model '{model}' has no version 11; its versions: {known} \(`kedro run --pipelines re"
    with pytest.raises(RegistryError, match=said):
        find_version(client, model, 11)


def test_an_unknown_model_has_no_versions(client, model):
    with pytest.raises(
        RegistryError, match=rf"model '{model}' has no version 1; its versions: none"
    ):
        find_version(client, model, 1)


def test_another_failure_of_the_registry_is_not_taken_for_an_unknown_version(client):
    with pytest.raises(MlflowException, match="name"):
        find_version(client, "", 1)


def test_a_registry_that_is_not_there_is_not_made(tmp_path, config_of):
    with pytest.raises(RegistryError, match=rf"there is no tracking store {tmp_path}/no\.db"):
        open_registry(config_of(f"sqlite:///{tmp_path}/no.db"))
    assert not list(tmp_path.iterdir())
