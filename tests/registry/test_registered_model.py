"""Whose registered model it is, and which version is the newest."""

import pytest

from dermaflow.errors import RegistryError
from dermaflow.registry.aliases import alias_holder
from dermaflow.registry.registered_model import give_challenger, own_model


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


def test_the_newest_version_is_the_challenger(client, model, register, monkeypatch):
    for _ in range(9):
        register()
    give_challenger(client, model)
    assert alias_holder(client, model, "challenger") == "9"
    move = client.set_registered_model_alias

    def come_second(name, alias, version):
        if version == "9":  # another run registers the next one just now
            register()
            move(name, alias, "10")
        move(name, alias, version)

    monkeypatch.setattr(client, "set_registered_model_alias", come_second)
    give_challenger(client, model)
    assert alias_holder(client, model, "challenger") == "10"
