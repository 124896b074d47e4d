"""Giving an alias back to the version that had it before, or taking it away."""

from __future__ import annotations

from dermaflow.errors import RegistryError
from dermaflow.registry.alias_decisions import Decision, Kind, former_holders, user_name
from dermaflow.registry.aliases import alias_holder, alias_holders, holding_aliases, name_holder
from dermaflow.registry.carry_out import carry_out, tell_hook
from dermaflow.registry.check_files import fetch_checked
from dermaflow.registry.decisions_log import read_decisions
from dermaflow.registry.model_registry import ModelRegistry


def roll_back(registry: ModelRegistry, alias: str | None, reason: str) -> Decision:
    """Give an alias back to the version that had it before the one that has it now.

    Which that is, the log says: a version that lost the alias by a rollback or a demotion is passed
    over. Its gates are not asked again, but its files must be those that were registered.

    Args:
        registry: of the model.
        alias: to give back; None for the first of conf.
        reason: why.

    Raises:
        PromotionError: the environment gives no aliases, or not this one.
        RegistryError: no version had it before, or the one that had it is gone.
        IntegrityError: that version's files are not those that were registered.
        BusyError: another host has moved the alias meanwhile.
    """
    alias = registry.config.choose(alias)
    registry.config.require_promotes(registry.env)
    registry.versions()
    with holding_aliases(registry.tracking, registry.model):
        holder = alias_holder(registry.client, registry.model, alias)
        before = _holder_before(registry, alias, holder)
        with fetch_checked(registry.client, registry.version(before)) as checked:
            digest = checked.digest
        decision = _decision(registry, "rolled back", before, alias, holder, reason, digest)
        run_id = carry_out(registry, decision)
    tell_hook(registry, decision, run_id)
    return decision


def demote(
    registry: ModelRegistry, number: str | None, alias: str | None, reason: str
) -> list[Decision]:
    """Take aliases away from a version; nobody has them then.

    Args:
        registry: of the model.
        number: of the version, which loses all aliases of conf that it has; None for the holder of
            ``alias``.
        alias: the only one to take away.
        reason: why.

    Returns:
        A decision for each alias.

    Raises:
        PromotionError: conf has no such alias.
        RegistryError: the version has none of them, or there is no such version.
        BusyError: another host has moved an alias meanwhile.
    """
    config = registry.config
    wanted = list(reversed(config.aliases)) if alias is None else [config.choose(alias)]
    if number is not None:
        registry.version(number)
    registry.versions()
    made = []
    with holding_aliases(registry.tracking, registry.model):
        holders = alias_holders(registry.client, registry.model)
        lost = [one for one in wanted if one in holders and number in (None, holders[one])]
        if not lost:
            have = ", ".join(f"{one}: {name_holder(holders.get(one))}" for one in wanted)
            raise RegistryError(f"there is no alias to take away ({have})")
        for one in lost:
            holder = holders[one]
            decision = _decision(registry, "demoted", holder, one, holder, reason)
            made.append((decision, carry_out(registry, decision)))
    for decision, run_id in made:
        tell_hook(registry, decision, run_id)
    return [decision for decision, _ in made]


def _holder_before(registry: ModelRegistry, alias: str, holder: str | None) -> str:
    held = former_holders(read_decisions(registry.client, registry.model), alias)
    if held[-1:] == [holder]:
        held.pop()
    if not held:
        why = f"none had it before {name_holder(holder)}" if holder else "nobody has it"
        raise RegistryError(
            f"no version of {registry.model} can get the alias {alias} back: {why}, and versions "
            "that were rolled back or demoted do not count"
        )
    if held[-1] not in {str(version.version) for version in registry.versions()}:
        raise RegistryError(
            f"version {held[-1]} of {registry.model}, which had the alias {alias} before "
            f"{name_holder(holder)}, is no longer in the registry: promote another version"
        )
    return held[-1]


def _decision(
    registry: ModelRegistry,
    kind: Kind,
    version: str,
    alias: str,
    holder: str | None,
    reason: str,
    digest: str = "",
) -> Decision:
    return Decision(
        kind=kind,
        model=registry.model,
        version=version,
        alias=alias,
        holder_before=holder,
        environment=registry.env,
        by=user_name(),
        reason=reason,
        digest=digest,
    )
