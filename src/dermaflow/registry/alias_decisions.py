"""Decisions on a model's versions, and what follows from those of the past."""

from __future__ import annotations

import getpass
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from dermaflow.registry.gates import Check

Kind = Literal["promoted", "refused", "rolled back", "demoted"]

UNKNOWN = "unknown"
_JOINED: Mapping[Kind, str] = {
    "promoted": "to",
    "refused": "for",
    "rolled back": "to",
    "demoted": "from",
}


@dataclass(frozen=True)
class Decision:
    """What was decided on a version and an alias.

    Attributes:
        kind: ``rolled back`` is of the version that gets its alias back.
        model: name of the registered model.
        version: its number.
        alias: that was given, refused or taken away.
        holder_before: the version that had the alias when this was decided.
        environment: whose conf decided.
        by: who gave the command; "unknown" for a user without a name.
        approver: who is said to have approved.
        reason: that was given.
        digest: of the version's files, as they were when this was decided.
        data_version: that the model was trained on.
        metrics_run: that measured it.
        test_set: digest of the test images on which it was judged; empty where it was not.
        checks: what was asked, and found.
    """

    kind: Kind
    model: str
    version: str
    alias: str
    holder_before: str | None
    environment: str
    by: str
    approver: str = ""
    reason: str = ""
    digest: str = ""
    data_version: str = ""
    metrics_run: str = ""
    test_set: str = ""
    checks: tuple[Check, ...] = ()

    @property
    def summary(self) -> str:
        """In a few words, such as ``promoted to staging``."""
        return f"{self.kind} {_JOINED[self.kind]} {self.alias}"


@dataclass(frozen=True)
class Recorded:
    """A decision as the log has it.

    Attributes:
        decision: what was decided.
        run_id: of its run.
        time: when it was decided.
        done: whether the alias was moved as decided; a decision that was cut short is not.
    """

    decision: Decision
    run_id: str
    time: datetime
    done: bool


def user_name() -> str:
    """Who runs this process."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container's user may have no name
        return UNKNOWN


def former_holders(decisions: Iterable[Recorded], alias: str) -> list[str]:
    """Versions to which an alias can be given back, the last one at the end.

    A version that lost the alias by a rollback or a demotion is not among them, unless it got it
    again. One that got it otherwise, as in MLflow's UI, is known from the decision after it.
    """
    held: list[str] = []
    for one in (recorded.decision for recorded in decisions if recorded.done):
        if one.alias != alias or one.kind == "refused":
            continue
        _push(held, one.holder_before)
        if one.kind != "promoted" and one.holder_before is not None:
            held.pop()
        if one.kind != "demoted":
            _push(held, one.version)
    return held


def first_holder(decisions: Sequence[Recorded], alias: str, versions: Iterable[str]) -> str | None:
    """The first version that was promoted to an alias, is still there and was never demoted.

    Args:
        decisions: on the model, the oldest first.
        alias: such as ``champion``.
        versions: numbers of those that are still there.
    """
    there = set(versions)
    done = [one.decision for one in decisions if one.done and one.decision.alias == alias]
    demoted = {one.version for one in done if one.kind == "demoted"}
    promoted = (one.version for one in done if one.kind == "promoted")
    return next((one for one in promoted if one in there - demoted), None)


def count_looks(decisions: Iterable[Recorded], test_set: str) -> int:
    """How many decisions were judged on a test set; dry runs are not recorded."""
    return sum(one.decision.test_set == test_set for one in decisions)


def _push(held: list[str], version: str | None) -> None:
    if version is not None and held[-1:] != [version]:
        held.append(version)
