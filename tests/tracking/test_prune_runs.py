"""Which runs stay, and what is left of the others."""

import time

import pytest
from mlflow import MlflowClient
from mlflow.entities import ViewType

from dermaflow.tracking.find_runs import list_runs
from dermaflow.tracking.prune_runs import (
    delete_run,
    judge_runs,
    nested_in,
    runs_of_versions,
    size_of,
)
from dermaflow.tracking.retention_policy import RunsRetention

DAY = 24 * 3600 * 1000


def policy(newest=0, days=0.0):
    rule = {"newest": newest, "days": days}
    return RunsRetention.model_validate({"finished": rule, "failed": rule, "killed": rule})


@pytest.fixture
def judge(experiment):
    """Judge all runs of the experiment; gives name -> why it stays, empty for one that goes."""

    def judge(rules, needed=None, digest=None):
        runs = list_runs(experiment.client, experiment.name)
        nested = nested_in(experiment.client, experiment.id)
        judged = judge_runs(runs, nested, rules, needed or {}, digest)
        return {one.run.info.run_name: one.stays for one in judged}

    return judge


def ago(days):
    return int(time.time() * 1000 - days * DAY)


def test_the_newest_stay_of_each_kind_of_end(experiment, judge):
    for name, status, days in [
        ("a", "FINISHED", 5),
        ("b", "FINISHED", 4),
        ("c", "FAILED", 3),
        ("d", "KILLED", 2),
        ("e", "FAILED", 1),
    ]:
        experiment.make_run(name, status=status, start=ago(days))
    stays = {name for name, why in judge(policy(newest=1)).items() if why}
    assert stays == {"b", "e", "d"}
    assert {name for name, why in judge(policy(days=3.5)).items() if why} == {"c", "d", "e"}
    assert judge(policy(days=3.5))["d"] == "it is younger than 3.5 days"


def test_what_is_going_on_or_is_to_stay_stays(experiment, judge):
    experiment.make_run("open", status="RUNNING", start=ago(900))
    experiment.make_run("mine", tags={"keep": "true"}, start=ago(900))
    experiment.make_run("not mine", tags={"keep": "false"}, start=ago(900))
    experiment.make_run("measured", tags={"metrics_digest": "abc"}, start=ago(900))
    assert judge(policy(), digest="abc") == {
        "open": "it has not ended",
        "mine": "it has the tag keep",
        "not mine": "",
        "measured": "it made the metrics that lie in the data",
    }


def test_what_a_version_names_stays_whichever_its_stage_and_with_what_is_above(experiment, judge):
    client = experiment.client
    ids = {name: experiment.make_run(name, start=ago(9)) for name in ("own", "measured", "other")}
    below = experiment.make_run("below", start=ago(9), tags={"mlflow.parentRunId": ids["other"]})
    alone = experiment.make_run("alone", start=ago(9))
    client.create_registered_model("judged")
    tags = {"metrics_run_id": ids["measured"], "note": f"compared with {below}"}
    client.create_model_version("judged", f"runs:/{ids['own']}/model", ids["own"], tags=tags)
    needed = runs_of_versions(client)
    assert alone not in needed
    judged = judge(policy(), needed)
    assert judged.pop("alone") == ""
    assert judged == dict.fromkeys(ids, "version 1 of judged needs it")


def test_a_run_goes_with_its_artifacts_and_all_that_is_nested_in_it(experiment):
    client = experiment.client
    top = experiment.make_run("top", artifacts={"folder/file": b"x" * 1000})
    below = experiment.make_run(
        "below", artifacts={"folder/file": b"y" * 500}, tags={"mlflow.parentRunId": top}
    )
    other = experiment.make_run("other", artifacts={"folder/file": b"z"})
    assert size_of(client, client.get_run(top)) == 1500
    assert delete_run(client, top) == 1500
    assert [run.info.run_id for run in client.search_runs([experiment.id])] == [other]
    deleted = client.search_runs([experiment.id], run_view_type=ViewType.DELETED_ONLY)
    assert {run.info.run_id for run in deleted} == {top, below}
    left = {run: client.list_artifacts(run, "folder") for run in (top, below, other)}
    assert [run for run, files in left.items() if files] == [other]


def test_a_removal_that_was_cut_short_is_taken_up_whatever_the_policy(experiment, judge):
    run_id = experiment.make_run("half", tags={"pruned": "2026-11-30"}, start=ago(0))
    assert judge(policy(newest=10, days=10)) == {"half": ""}
    assert delete_run(experiment.client, run_id) == 0  # its artifacts had gone
    assert judge(policy()) == {}


def test_a_run_that_goes_on_meanwhile_is_left_alone(experiment):
    run_id = experiment.make_run("killed", status="KILLED", artifacts={"folder/file": b"x"})
    experiment.client.update_run(run_id, "RUNNING")
    assert delete_run(experiment.client, run_id) == 0
    run = MlflowClient().get_run(run_id)
    assert (run.info.lifecycle_stage, "pruned" in run.data.tags) == ("active", False)
