"""Promotion in a real registry: what is recorded, and that many at once leave one holder."""

import multiprocessing
from dataclasses import replace

import pytest

from dermaflow.errors import BusyError, IntegrityError, PromotionError
from dermaflow.registry import carry_out as carrying_out
from dermaflow.registry.aliases import alias_holder
from dermaflow.registry.decisions_log import read_decisions
from dermaflow.registry.promote_version import promote_version
from registered import promote_at_once


def kinds(registry):
    return [one.decision.kind for one in read_decisions(registry.client, registry.model)]


def test_each_decision_stays_as_it_was_made(registry, register):
    first, second = register(), register(figures={"macro_auc": 0.1})
    assert promote_version(registry, first).failed == []
    outcome = promote_version(registry, second)
    assert {check.name for check in outcome.failed} >= {"macro_auc", "balanced_accuracy"}
    assert promote_version(registry, first).decision.holder_before == first
    log = read_decisions(registry.client, registry.model)
    assert [(one.decision.version, one.decision.kind) for one in log] == [
        (first, "promoted"),
        (second, "refused"),
        (first, "promoted"),
    ]
    assert log[1].decision == replace(outcome.decision, checks=log[1].decision.checks)
    assert set(log[1].decision.checks) == set(outcome.decision.checks)
    assert alias_holder(registry.client, registry.model, "staging") == first


def test_an_alias_that_another_host_moves_meanwhile_stays_there(registry, register, monkeypatch):
    first, second, third = register(), register(), register()
    promote_version(registry, first)
    move = carrying_out.move_alias

    def move_later(client, model, alias, to, expected):
        client.set_registered_model_alias(model, alias, third)  # by a host that has no such lock
        move(client, model, alias, to, expected)

    monkeypatch.setattr(carrying_out, "move_alias", move_later)
    with pytest.raises(BusyError, match=f"from version {first} to version {third} while this"):
        promote_version(registry, second)
    assert alias_holder(registry.client, registry.model, "staging") == third
    log = read_decisions(registry.client, registry.model)
    assert [one.done for one in log] == [True, False]


def test_what_cannot_be_judged_is_recorded_as_refused(registry, register):
    version = register()
    with pytest.raises(IntegrityError, match="not abd, which was asked for"):
        promote_version(registry, version, digest="abd")
    (recorded,) = read_decisions(registry.client, registry.model)
    (check,) = recorded.decision.checks
    assert (recorded.decision.kind, check.name, check.passed) == ("refused", "files", False)
    assert check.found.endswith("not abd, which was asked for")


def test_what_is_asked_for_wrongly_is_no_decision(registry, register):
    version = register()
    quiet = replace(registry, config=registry.config.model_copy(update={"promotes": False}))
    for asked, alias, approver in (
        (quiet, None, None),
        (registry, "champion", None),
        (registry, "best", "A. Lovelace"),
    ):
        with pytest.raises(PromotionError):
            promote_version(asked, version, alias, approver=approver)
    assert promote_version(quiet, version, dry_run=True).run_id is None
    assert kinds(registry) == []


@pytest.mark.parametrize("at_once", [6, pytest.param(20, marks=pytest.mark.slow)])
def test_many_at_once_leave_one_holder_and_as_many_whole_records(
    registry, local_store, store, register, at_once
):
    if store != local_store:
        pytest.skip("the lock is the same")
    numbers = [register() for _ in range(at_once)]
    folder, name = local_store.rsplit("/", 1)
    context = multiprocessing.get_context("fork")
    barrier = context.Barrier(at_once)
    processes = [
        context.Process(
            target=promote_at_once, args=(registry, f"{folder}/./{name}", number, barrier)
        )
        for number in numbers
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * at_once
    decisions = read_decisions(registry.client, registry.model)
    assert all(one.done for one in decisions)
    log = [one.decision for one in decisions]
    assert sorted(one.version for one in log) == sorted(numbers)
    # A chain: each found the holder that the one before it had made.
    assert [one.holder_before for one in log] == [None, *(one.version for one in log[:-1])]
    # The first had no holder to be held against.
    assert len({one.checks for one in log[1:]}) == 1
    assert set(log[0].checks) < set(log[1].checks)
    assert all(check.passed for check in log[1].checks)
    assert alias_holder(registry.client, registry.model, "staging") == log[-1].version
