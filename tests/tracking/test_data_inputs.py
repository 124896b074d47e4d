"""The manifest as MLflow's data sets."""

import json

import mlflow
import pandas as pd
import pytest
from mlflow import MlflowClient

from dermaflow.data.version import data_version
from dermaflow.tracking.data_inputs import data_inputs
from dermaflow.tracking.tracked_run import TrackedRun


@pytest.fixture
def manifest(tmp_path):
    """File of one with four own images in three splits, and two of each of two external sources."""
    sides = ["train", "train", "val", "test", *["external"] * 4]
    table = pd.DataFrame(
        {
            "image_id": list("abcdefgh"),
            "sha256": [f"{number:064x}" for number in range(8)],
            "label": ["mel", "nv", "nv", "mel", "mel", "mel", "nv", "nv"],
            "group_id": ["1", "1", "2", "3", "4", "4", "5", "6"],
            "source": ["here"] * 4 + ["east", "east", "west", "west"],
            "split": sides,
            "fold": [1, 1, 2, 3] + [0] * 4,
        }
    )
    table["data_version"] = data_version(table)
    table.to_parquet(tmp_path / "manifest.parquet")
    return tmp_path / "manifest.parquet"


def test_each_side_is_a_data_set_with_its_counts(manifest):
    found = data_inputs(manifest, "data/manifest.parquet")
    named = {one.dataset.name: json.loads(one.dataset.profile) for one in found}
    assert named == {
        "here train": {"num_rows": 2, "groups": 1, "mel": 1, "nv": 1},
        "here val": {"num_rows": 1, "groups": 1, "nv": 1},
        "here test": {"num_rows": 1, "groups": 1, "mel": 1},
        "east external": {"num_rows": 2, "groups": 1, "mel": 2},
        "west external": {"num_rows": 2, "groups": 2, "nv": 2},
    }


def test_the_digest_is_the_data_version_and_an_external_sources_own(manifest):
    before = {one.dataset.name: one.dataset.digest for one in data_inputs(manifest, "m")}
    own = {before[f"here {split}"] for split in ("train", "val", "test")}
    table = pd.read_parquet(manifest)
    assert own == {table["data_version"].iloc[0]}
    table.loc[table["source"] == "east", "label"] = "nv"
    table.to_parquet(manifest)
    after = {one.dataset.name: one.dataset.digest for one in data_inputs(manifest, "m")}
    assert {name for name in before if before[name] != after[name]} == {"east external"}


def test_runs_are_found_by_them(manifest, local_store, open_runs):
    mlflow.set_tracking_uri(local_store.tracking_uri)
    run = TrackedRun(local_store, "with data", {}, open_runs)
    run.log_data(manifest, "data/manifest.parquet")
    run.log_data(manifest, "data/manifest.parquet")  # as a killed run does that goes on
    run.close("FINISHED")
    client = MlflowClient()
    number = client.get_experiment_by_name(local_store.experiment).experiment_id
    digest = pd.read_parquet(manifest)["data_version"].iloc[0]
    query = f"dataset.digest = '{digest}' AND dataset.name = 'here test'"
    assert [one.info.run_id for one in client.search_runs([number], query)] == [run.run_id]
    logged = client.get_run(run.run_id).inputs.dataset_inputs
    contexts = {one.dataset.name: one.tags[0].value for one in logged}
    assert contexts == {
        "here train": "train",
        "here val": "val",
        "here test": "test",
        "east external": "external",
        "west external": "external",
    }
