"""Versions in a real registry: which is found, and what is recorded."""

from datetime import UTC, datetime

import pytest
from mlflow.exceptions import MlflowException

from dermaflow.errors import RegistryError
from dermaflow.registry.gates import Check
from dermaflow.registry.versions import (
    alias_holder,
    find_version,
    open_registry,
    record_decision,
)


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


def test_an_alias_is_held_by_the_version_that_got_it_last(client, model, register):
    for _ in range(3):
        register()
    assert alias_holder(client, model, "staging") is None
    for number in ("3", "2"):
        client.set_registered_model_alias(model, "staging", number)
    client.set_registered_model_alias(model, "production", "1")
    assert alias_holder(client, model, "staging") == "2"


def test_a_decision_replaces_the_one_before_and_no_other_tag(client, model, register, monkeypatch):
    monkeypatch.setenv("LOGNAME", "who promotes")
    version, other = register(data_version="d1", promotions="2"), register()
    first = [Check("macro_auc", True, "0.9 >= 0.8"), Check("gone_floor", True, "1 >= 0")]
    record_decision(client, version, "r1", first, "promoted to staging")
    version = client.get_model_version(model, version.version)
    began = datetime.now(UTC).replace(microsecond=0)
    second = [Check("macro_auc", False, "missing, 0.800 asked")]
    record_decision(client, version, "r2", second, "refused")
    tags = dict(client.get_model_version(model, version.version).tags)
    assert began <= datetime.fromisoformat(tags.pop("promotion.time")) <= datetime.now(UTC)
    assert tags == {
        "data_version": "d1",
        "promotions": "2",
        "promotion.macro_auc": "missing, 0.800 asked",
        "promotion.decision": "refused",
        "promotion.run_id": "r2",
        "promotion.by": "who promotes",
    }
    assert client.get_model_version(model, other.version).tags == {}
