"""The log of decisions in a real store."""

from datetime import UTC, datetime

import pytest
from mlflow.exceptions import MlflowException

from dermaflow.errors import RegistryError
from dermaflow.registry.alias_decisions import Decision
from dermaflow.registry.decisions_log import log_name, read_decisions, recording
from dermaflow.registry.gates import Check
from dermaflow.tracking.find_runs import list_runs
from dermaflow.tracking.prune_runs import judge_runs, runs_of_versions
from dermaflow.tracking.retention_policy import RunsRetention


@pytest.fixture
def decision(model):
    return Decision(
        kind="promoted",
        model=model,
        version="3",
        alias="champion",
        holder_before=None,
        environment="base",
        by="ada",
        approver="Dr. Ü",
        reason="better on every class",
        digest="d" * 64,
        data_version="d1",
        metrics_run="r1",
        test_set="t1",
        checks=(Check("external/milk10k: mel", False, "0.5 < 0.6"), Check("macro_auc", True, "")),
    )


def append(registry, decision):
    with recording(registry.client, registry.tracking, decision) as run_id:
        pass
    return run_id


def test_a_decision_is_read_as_it_was_made(registry, decision):
    assert read_decisions(registry.client, registry.model) == []
    began = datetime.now(UTC).replace(microsecond=0)
    run_id = append(registry, decision)
    (found,) = read_decisions(registry.client, registry.model)
    assert (found.decision, found.run_id, found.done) == (decision, run_id, True)
    assert began <= found.time <= datetime.now(UTC)


def test_it_can_be_read_in_mlflow_and_nobody_can_change_it(registry, decision):
    run_id = append(registry, decision)
    run = registry.client.get_run(run_id)
    assert run.info.run_name == "version 3 promoted to champion"
    assert run.data.tags["mlflow.note.content"] == (
        f"Version 3 of {registry.model}: promoted to champion. Before, no version had the alias. "
        "Approved by Dr. Ü. Reason: better on every class."
    )
    assert run.data.params["check/external/milk10k: mel"] == "failed: 0.5 < 0.6"
    with pytest.raises(MlflowException, match=r"[Cc]hang"):
        registry.client.log_param(run_id, "decision", "refused")


def test_what_is_cut_short_is_not_done(registry, decision):
    with pytest.raises(KeyboardInterrupt), recording(registry.client, registry.tracking, decision):
        (meanwhile,) = read_decisions(registry.client, registry.model)
        raise KeyboardInterrupt
    (after,) = read_decisions(registry.client, registry.model)
    assert (meanwhile.done, after.done) == (False, False)
    assert registry.client.get_run(after.run_id).info.status == "FAILED"


def test_more_checks_than_one_request_holds_and_longer_ones_than_mlflow_keeps(registry, decision):
    checks = [Check(f"check {place:03} <&>", place % 2 == 0, "x" * 7000) for place in range(250)]
    long = Decision(**vars(decision) | {"checks": tuple(checks)})
    append(registry, long)
    (found,) = read_decisions(registry.client, registry.model)
    assert [one.passed for one in found.decision.checks] == [one.passed for one in checks]
    assert found.decision.checks[7].name == "check 007 ___"
    assert found.decision.checks[7].found.endswith("x…")


def test_a_log_that_was_deleted_is_not_begun_anew(registry, decision):
    append(registry, decision)
    experiment = registry.client.get_experiment_by_name(log_name(registry.model))
    registry.client.delete_experiment(experiment.experiment_id)
    said = rf"was deleted: `mlflow experiments restore -x {experiment.experiment_id}` brings it"
    with pytest.raises(RegistryError, match=said):
        append(registry, decision)
    registry.client.restore_experiment(experiment.experiment_id)
    append(registry, decision)
    assert len(read_decisions(registry.client, registry.model)) == 2


def test_pruning_leaves_decisions_and_every_versions_run(registry, experiment, decision):
    registry.client.create_registered_model(registry.model)
    for _ in range(2):
        made_by = registry.client.create_run(experiment.id).info
        registry.client.create_model_version(
            registry.model, f"{made_by.artifact_uri}/model", made_by.run_id
        )
    append(registry, decision)
    nothing = {"newest": 0, "days": 0}
    rules = RunsRetention(finished=nothing, failed=nothing, killed=nothing)
    runs = list_runs(registry.client, experiment.name)
    for run in runs:
        registry.client.set_terminated(run.info.run_id)
    runs = list_runs(registry.client, experiment.name)
    judged = judge_runs(runs, {}, rules, runs_of_versions(registry.client), None)
    # Version 1 may be the one that a rollback needs; the log is another experiment.
    assert [one.stays for one in judged] == [
        f"version {number} of {registry.model} needs it" for number in (2, 1)
    ]
