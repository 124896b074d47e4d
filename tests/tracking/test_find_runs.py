"""Which run a user means."""

import sqlite3
import time

import pytest
from mlflow.entities import Run, RunData, RunInfo

from dermaflow.errors import RunLookupError, TrackingError
from dermaflow.tracking.find_runs import existing_store, find_run, find_runs, list_runs
from dermaflow.tracking.tracking_config import TrackingConfig
from mlflow_runs import Experiment


def make_run(run_id, name):
    info = RunInfo(
        run_id=run_id.ljust(32, "0"),
        experiment_id="1",
        user_id="",
        status="FINISHED",
        start_time=0,
        end_time=1,
        lifecycle_stage="active",
        run_name=name,
    )
    return Run(info, RunData())


# The newest first.
RUNS = [
    make_run("abc1", "base: all"),
    make_run("abd2", "base: all"),
    make_run("ffff", "no synthetic images"),
    make_run("1234", "abc"),
]


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("abc1", 0),
        ("ABC1", 0),
        ("abd2".ljust(32, "0"), 1),
        ("f", 2),
        ("no synthetic images", 2),
        ("latest", 0),
        ("latest~0", 0),
        ("latest~3", 3),
        ("abc", 0),  # an id's first digits before a name
    ],
)
def test_a_run_goes_by_id_first_digits_name_or_place(name, place):
    assert find_run(name, RUNS) is RUNS[place]


@pytest.mark.parametrize("name", ["ab", "base: all"])
def test_what_several_runs_go_by_is_refused_with_their_ids(name):
    with pytest.raises(RunLookupError, match=r"any of 2 runs: abc10000 .*, abd20000 .*give an id"):
        find_run(name, RUNS)


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("no synthetic image", "near: ffff0000"),
        ("abc7", "near: .*abc10000"),
        ("", "newest: abc10000"),
        ("latest~4", "only 4 runs"),
        ("latest~", "newest"),
        ("something else", "newest: abc10000"),
    ],
)
def test_an_unknown_run_is_answered_with_what_is_near(name, near):
    with pytest.raises(RunLookupError, match=near):
        find_run(name, RUNS)


def test_no_runs_at_all():
    with pytest.raises(RunLookupError, match="newest: none"):
        find_run("x", [])


def test_runs_are_listed_by_their_start_without_deleted_and_nested_ones(experiment):
    starts = {"second": 2_000, "third": 3_000, "first": 1_000, "deleted": 4_000}
    ids = {name: experiment.make_run(name, start=start) for name, start in starts.items()}
    experiment.client.delete_run(ids["deleted"])
    experiment.make_run("part", start=5_000, tags={"mlflow.parentRunId": ids["third"]})
    found = list_runs(experiment.client, experiment.name)
    assert [run.info.run_name for run in found] == ["third", "second", "first"]


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_more_runs_than_mlflow_gives_at_once_are_all_listed(experiment, store):
    first = experiment.make_run("first", start=1)
    rows = [(f"{number:032}", number, experiment.id) for number in range(2, 1002)]
    with sqlite3.connect(store.tracking_uri.removeprefix("sqlite:///")) as database:
        database.executemany(
            "INSERT INTO runs (run_uuid, start_time, experiment_id, name, source_type,"
            " entry_point_name, user_id, status, lifecycle_stage)"
            " VALUES (?, ?, ?, 'many', 'LOCAL', '', '', 'FINISHED', 'active')",
            rows,
        )
    found = list_runs(experiment.client, experiment.name)
    assert len(found) == 1001
    assert found[-1].info.run_id == first


def test_a_run_of_another_experiment_goes_by_its_id_or_name(experiment, tmp_path):
    client = experiment.client
    other = Experiment(client, f"not {experiment.name}", tmp_path / "b")
    ids = {
        name: place.make_run(name, start=start)
        for place, name, start in (
            (experiment, "own", 1_000),
            (experiment, "both", 2_000),
            (other, "both", 9_000),
            (other, "elsewhere", 9_001),
        )
    }

    def find(name):
        (run,) = find_runs(client, experiment.name, [name])
        return run.info.run_name, run.info.experiment_id

    assert find("elsewhere") == ("elsewhere", other.id)
    assert find(ids["elsewhere"][:9]) == ("elsewhere", other.id)
    assert find("both") == ("both", experiment.id)
    assert find("latest") == ("both", experiment.id)
    with pytest.raises(RunLookupError, match=r"^no run goes by 'nowhere'; newest: .*own"):
        find("nowhere")
    with pytest.raises(RunLookupError, match="there are only 2 runs"):
        find("latest~2")


def test_an_experiment_that_the_store_lacks_is_named(experiment):
    with pytest.raises(RunLookupError, match=r"no experiment 'another' \(mlflow\.yml\)"):
        list_runs(experiment.client, "another")


def test_a_store_that_is_not_there_is_named_and_not_made(tmp_path):
    config = TrackingConfig(
        tracking_uri=f"sqlite:///{tmp_path}/no.db",
        artifact_location=None,
        experiment="dermaflow",
        system_metrics_interval=0,
        log_pictures=True,
    )
    with pytest.raises(RunLookupError, match=rf"there is no tracking store {tmp_path}/no\.db; "):
        existing_store(config)
    assert not list(tmp_path.iterdir())


def test_a_server_that_does_not_answer_is_told_at_once(server):
    config = TrackingConfig(
        tracking_uri=server.uri,
        artifact_location=None,
        experiment="dermaflow",
        system_metrics_interval=0,
        log_pictures=True,
    )
    started = time.monotonic()
    with pytest.raises(TrackingError, match=f"no MLflow server answers at {server.uri}"):
        existing_store(config)
    assert time.monotonic() - started < 10
