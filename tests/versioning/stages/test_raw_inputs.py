"""Raw files and values of the run that decide what a stage makes."""

from pathlib import Path

import pytest

from conf_params import params_of
from dermaflow.versioning.stages.fingerprint import HashCache, hash_path
from dermaflow.versioning.stages.raw_inputs import external_paths, external_state
from dermaflow.versioning.stages.stage_dependencies import Stage
from versioning.toy_project import CLINIC, RAW


def make_stage(name, groups=("ingest", "seed"), run_values=()):
    return Stage(name, code=(), inputs={}, outputs={}, groups=groups, run_values=run_values)


@pytest.mark.parametrize("dump", [False, True], ids=["typed", "as in conf"])
def test_a_stage_reads_the_raw_files_that_its_parameters_name(dump):
    ingest = params_of(
        "ingest", {**CLINIC, "sources.clinic": CLINIC["sources.clinic"] | {"masks": "/mnt/masks"}}
    )
    parameters = {"ingest": ingest.model_dump() if dump else ingest, "seed": 3}
    paths = external_paths(make_stage("ingest"), parameters)
    assert paths == [Path(f"{RAW}/list.csv"), Path(f"{RAW}/images"), Path("/mnt/masks")]
    assert external_paths(make_stage("ingest", groups=("seed",)), parameters) == []


def test_only_the_sources_in_use_are_read():
    ingest = params_of("ingest", {**CLINIC, "train": "phantoms"})
    assert external_paths(make_stage("ingest", ("ingest",)), {"ingest": ingest}) == []


def test_what_draws_a_stage_reads_no_raw_files():
    parameters = {"ingest": params_of("ingest", CLINIC), "seed": 3}
    assert external_paths(make_stage("validate_drawing"), parameters) == []


def test_the_state_tells_missing_files_and_the_values_that_the_stage_depends_on(tmp_path):
    here, away = tmp_path / "list.csv", tmp_path / "images"
    here.write_text("1,nv\n")
    stage = make_stage("register", run_values=("tracking_uri",))
    values = {"tracking_uri": "sqlite:///a.db", "another": "b"}
    state = external_state(stage, [here, away], values, HashCache(tmp_path / "hashes.json"))
    assert state == {
        str(here): hash_path(here),
        str(away): None,
        "tracking_uri": "sqlite:///a.db",
    }
