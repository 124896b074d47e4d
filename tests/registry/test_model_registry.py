"""The registry of an environment's model."""

import pytest

from dermaflow.errors import RegistryError


def test_versions_are_those_of_the_environments_model(registry, register, client, model):
    with pytest.raises(RegistryError, match=rf"model '{model}' has no versions \(`kedro run --env"):
        registry.versions()
    numbers = [register() for _ in range(2)]
    client.create_registered_model(f"{model}-other")
    client.create_model_version(f"{model}-other", "s3://a-bucket/a-model")
    assert [str(one.version) for one in registry.versions()] == numbers
    assert str(registry.version("2").version) == "2"
    with pytest.raises(RegistryError, match="has no version 3"):
        registry.version("3")
