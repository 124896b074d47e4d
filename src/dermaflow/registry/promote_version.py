"""Giving a version the next alias, if it reaches what conf asks."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass

from mlflow.entities.model_registry import ModelVersion

from dermaflow.errors import IntegrityError, PromotionError, RegistryError
from dermaflow.registry.alias_decisions import Decision, first_holder, user_name
from dermaflow.registry.aliases import alias_holders, holding_aliases
from dermaflow.registry.carry_out import carry_out, tell_hook
from dermaflow.registry.decisions_log import read_decisions
from dermaflow.registry.examine_version import Examination, examine_version
from dermaflow.registry.gates import Check
from dermaflow.registry.model_registry import ModelRegistry


@dataclass(frozen=True)
class Outcome:
    """What came of an attempt.

    Attributes:
        decision: what was decided.
        run_id: of its record; None for a dry run.
    """

    decision: Decision
    run_id: str | None

    @property
    def failed(self) -> list[Check]:
        """Checks that the version did not pass."""
        return [check for check in self.decision.checks if not check.passed]


def promote_version(
    registry: ModelRegistry,
    number: str,
    alias: str | None = None,
    *,
    approver: str | None = None,
    digest: str | None = None,
    dry_run: bool = False,
) -> Outcome:
    """Judge a version and give it an alias if it passes. Either way the decision is recorded.

    While it is judged no other process of this host decides on the model.

    Args:
        registry: of the model.
        number: of the version.
        alias: to give; None for the first of conf.
        approver: who approves of it.
        digest: that the version's files must have; None for that of their registration.
        dry_run: judge only; record, move and tell nothing.

    Raises:
        PromotionError: the environment gives no aliases, or not this one, or an approver is needed.
        RegistryError: there is no such version, or its evidence cannot be read.
        IntegrityError: its files are not those that were registered.
        BusyError: another host has moved the alias meanwhile.
    """
    version = registry.version(number)
    alias = registry.config.choose(alias)
    if not dry_run:
        registry.config.require_promotes(registry.env)
    if alias in registry.config.need_approver and not approver:
        raise PromotionError(
            f"the alias {alias} needs somebody who approves of it: give --approver NAME"
        )
    with ExitStack() as stack:
        if not dry_run:
            stack.enter_context(holding_aliases(registry.tracking, registry.model))
        decision, error = _decide(registry, version, alias, approver or "", digest)
        run_id = None if dry_run else carry_out(registry, decision)
    if run_id is not None:
        tell_hook(registry, decision, run_id)
    if error is not None:
        raise error
    return Outcome(decision, run_id)


def _decide(
    registry: ModelRegistry, version: ModelVersion, alias: str, approver: str, digest: str | None
) -> tuple[Decision, IntegrityError | RegistryError | None]:
    """Decide on a version; the error is why it could not be judged."""
    holders = alias_holders(registry.client, registry.model)
    checks = _check_order(registry, version, alias, holders)
    error = None
    try:
        found = _examine(registry, version, holders.get(alias), digest)
    except (IntegrityError, RegistryError) as problem:
        error = problem
        found = Examination(checks=(Check("files", False, str(problem)),))
    checks += found.checks
    decision = Decision(
        kind="promoted" if all(check.passed for check in checks) else "refused",
        model=registry.model,
        version=str(version.version),
        alias=alias,
        holder_before=holders.get(alias),
        environment=registry.env,
        by=user_name(),
        approver=approver,
        digest=found.digest,
        data_version=found.data_version,
        metrics_run=found.metrics_run,
        test_set=found.test_set,
        checks=checks,
    )
    return decision, error


def _check_order(
    registry: ModelRegistry, version: ModelVersion, alias: str, holders: dict[str, str]
) -> tuple[Check, ...]:
    """Whether the version has the alias that comes before; nothing to check for the first."""
    before = registry.config.alias_before(alias)
    if before is None:
        return ()
    holder = holders.get(before)
    found = "no version has it" if holder is None else f"version {holder} has it"
    return (Check(f"has_{before}", holder == str(version.version), found),)


def _examine(
    registry: ModelRegistry, version: ModelVersion, holder: str | None, digest: str | None
) -> Examination:
    decisions = read_decisions(registry.client, registry.model)
    versions = {str(one.version): one for one in registry.versions()}
    first = first_holder(decisions, registry.config.aliases[-1], versions)
    own = str(version.version)
    return examine_version(
        registry,
        version,
        versions.get(holder) if holder and holder != own else None,
        versions.get(first) if first and first != own else None,
        digest,
    )
