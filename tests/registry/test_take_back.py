"""Rollback and demotion in a real registry."""

from dataclasses import replace

import pytest

from dermaflow.errors import PromotionError, RegistryError
from dermaflow.registry.aliases import alias_holders
from dermaflow.registry.decisions_log import read_decisions
from dermaflow.registry.promote_version import promote_version
from dermaflow.registry.take_back import demote, roll_back


@pytest.fixture
def holders(registry):
    return lambda: alias_holders(registry.client, registry.model)


@pytest.fixture
def promoted(registry, register):
    """Three versions that had ``staging``: the last has it, and the first has ``champion``."""
    numbers = [register() for _ in range(3)]
    promote_version(registry, numbers[0])
    promote_version(registry, numbers[0], "champion", approver="Dr. Ada")
    for number in numbers[1:]:
        promote_version(registry, number)
    return numbers


def test_each_rollback_goes_one_further_back_and_no_further_than_the_first(
    registry, promoted, holders
):
    first, second, third = promoted
    decision = roll_back(registry, None, "worse on dark skin")
    assert (decision.version, decision.holder_before) == (second, third)
    assert holders() == {"staging": second, "champion": first}
    assert roll_back(registry, "staging", "this one, too").version == first
    said = f"no version of {registry.model} can get the alias staging back: none had it before ver"
    with pytest.raises(RegistryError, match=said):
        roll_back(registry, "staging", "none is left")
    assert holders() == {"staging": first, "champion": first}
    log = [one.decision for one in read_decisions(registry.client, registry.model)]
    assert [one.kind for one in log] == ["promoted"] * 4 + ["rolled back"] * 2
    assert log[-1].reason == "this one, too"


def test_a_holder_whose_version_is_gone_gets_nothing_back(registry, promoted, holders):
    _, second, third = promoted
    registry.client.delete_model_version(registry.model, second)
    said = rf"version {second} of .*, which had the alias staging before version {third}, is no"
    with pytest.raises(RegistryError, match=said):
        roll_back(registry, None, "worse")
    assert holders()["staging"] == third


def test_an_alias_that_was_moved_in_the_ui_goes_back_to_whom_a_decision_gave_it(
    registry, register, promoted, holders
):
    by_hand = register()
    registry.client.set_registered_model_alias(registry.model, "staging", by_hand)
    assert roll_back(registry, None, "by mistake").version == promoted[-1]
    assert holders()["staging"] == promoted[-1]


def test_a_demoted_version_loses_all_aliases_and_never_gets_them_back(
    registry, register, promoted, holders
):
    first, second, third = promoted
    roll_back(registry, None, "worse")
    roll_back(registry, None, "worse")
    assert [one.alias for one in demote(registry, first, None, "leaks")] == ["champion", "staging"]
    assert holders() == {}
    with pytest.raises(RegistryError, match="alias staging back: nobody has it, and"):
        roll_back(registry, None, "none is left")
    promote_version(registry, third)
    demote(registry, None, "staging", "this one, too")
    promote_version(registry, second)
    with pytest.raises(RegistryError, match=f"before version {second}"):
        roll_back(registry, None, "it would be version 3")


def test_what_nobody_has_cannot_be_taken_away(registry, promoted):
    first, second, third = promoted
    said = rf"no alias to take away \(champion: version {first}, staging: version {third}\)"
    with pytest.raises(RegistryError, match=said):
        demote(registry, second, None, "worse")
    with pytest.raises(RegistryError, match="has no version 9"):
        demote(registry, "9", None, "worse")
    with pytest.raises(PromotionError, match="not 'challenger'"):
        demote(registry, None, "challenger", "worse")


def test_where_no_alias_is_given_none_is_given_back_but_it_can_be_taken_away(
    registry, promoted, holders
):
    quiet = replace(registry, config=registry.config.model_copy(update={"promotes": False}))
    with pytest.raises(PromotionError, match="gives no aliases"):
        roll_back(quiet, None, "worse")
    demote(quiet, None, "staging", "worse")
    assert "staging" not in holders()


def test_a_model_without_versions_is_named(registry):
    for attempt in (
        lambda: roll_back(registry, None, "worse"),
        lambda: demote(registry, None, "staging", "worse"),
    ):
        with pytest.raises(RegistryError, match=f"model '{registry.model}' has no versions"):
            attempt()
