"""Whose registered model it is."""

import pytest

from dermaflow.errors import RegistryError
from dermaflow.registry.registered_model import own_model


def test_a_model_is_of_the_environment_that_made_it(client, model):
    own_model(client, model, "clinic", "research")
    found = client.get_registered_model(model)
    assert found.tags == {"environment": "clinic"}
    assert found.description == "research"
    own_model(client, model, "clinic", "something else")
    assert client.get_registered_model(model).description == "research"
    message = rf"{model} is of the environment clinic: give smoke another name \(register.name in "
    with pytest.raises(RegistryError, match=message):
        own_model(client, model, "smoke", "research")
