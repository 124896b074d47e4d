"""What runs refer to, in all stores of a project."""

import pytest
from kedro.framework.project import configure_project
from mlflow import MlflowClient

from dermaflow.errors import VersioningError
from dermaflow.tracking.needed_data import hashes_of_runs
from mlflow_runs import Experiment

A, B, C = "a" * 32, "b" * 32 + ".dir", "c" * 32


def entry(*outs, deps=()):
    return {"outs": [{"md5": md5} for md5 in outs], "deps": [{"md5": md5} for md5 in deps]}


@pytest.fixture(scope="module")
def store(tmp_path_factory, local_config):
    """Of these tests alone: all runs of a store count, and others' do not say what they made."""
    config = local_config(tmp_path_factory.mktemp("needed"))
    config.database.parent.mkdir(parents=True)
    return config


@pytest.fixture
def project(tmp_path, store, monkeypatch):
    """A project of one environment, whose conf names a store of its own."""
    configure_project("dermaflow")
    conf = tmp_path / "project/conf/base"
    conf.mkdir(parents=True)
    (conf / "globals.yml").write_text("data: data\n")
    (conf / "mlflow.yml").write_text(
        "tracking_uri: sqlite:///own.db\nartifact_location: artifacts\n"
        "experiment: dermaflow\nsystem_metrics_interval: 0\nlog_pictures: true\n"
    )
    monkeypatch.setenv("MLFLOW_TRACKING_URI", store.tracking_uri)
    return tmp_path / "project"


def test_data_of_every_run_count_in_the_store_of_conf_and_in_that_of_the_variable(
    project, experiment, tmp_path
):
    first = experiment.make_run(artifacts={"versions/ingest.json": entry(A, deps=[B])})
    own = Experiment(MlflowClient(f"sqlite:///{project}/own.db"), "other", tmp_path / "own")
    own.make_run(artifacts={"versions/train.json": entry(C)}, status="KILLED")
    assert {A, B, C} <= hashes_of_runs(project, ())
    assert hashes_of_runs(project, [first]) & {A, B, C} == {C}
    experiment.client.delete_run(first)
    assert hashes_of_runs(project, ()) & {A, B, C} == {C}


def test_nothing_is_known_to_be_unused_while_a_run_cannot_be_read(project, experiment):
    experiment.make_run(status="KILLED", tags={"stages": "ingest"})  # killed before it could say
    hashes_of_runs(project, ())
    run_id = experiment.make_run(tags={"stages": "ingest"})
    with pytest.raises(VersioningError, match=f"run {run_id} does not say which data it made"):
        hashes_of_runs(project, ())
    experiment.client.delete_run(run_id)
