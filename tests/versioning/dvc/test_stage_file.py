"""``dvc.yaml`` says what pipelines, catalog and imports say."""

import shutil

import pytest
import yaml
from kedro.framework.project import configure_project, pipelines

from dermaflow.errors import VersioningError
from dermaflow.schema import ALL_STAGES, STAGES, with_drawings
from dermaflow.versioning.dvc.stage_file import (
    dvc_files,
    environments,
    parameter_files,
    read_yaml,
    render_dvc_file,
)


@pytest.fixture(scope="module")
def registry():
    configure_project("dermaflow")
    return dict(pipelines)


def test_the_files_say_what_pipelines_and_catalog_say(project_path, registry):
    for env in environments(project_path):
        for path, stages in dvc_files(project_path, env).items():
            expected = render_dvc_file(project_path, registry, env, stages)
            assert path.read_text() == expected, "run `kedro dvc-yaml`"


def test_what_must_be_asked_for_is_in_a_file_that_repro_does_not_touch(project_path):
    for env in environments(project_path):
        files = dvc_files(project_path, env)
        named = {path: tuple(yaml.safe_load(path.read_text())["stages"]) for path in files}
        assert named == files
        assert next(iter(files.values())) == with_drawings(STAGES)
        assert {stage for stages in files.values() for stage in stages} == set(ALL_STAGES)


def test_an_environments_own_classes_are_a_dependency(project_path, registry, tmp_path):
    shutil.copytree(project_path / "conf", tmp_path / "conf")
    clinic = tmp_path / "conf" / "clinic"
    clinic.mkdir()
    (clinic / "globals.yml").write_text("data: data/clinic\n")
    labels = {"scheme": "two", "schemes": {"two": {"mel": [], "nv": []}}}
    (clinic / "parameters_labels.yml").write_text(yaml.safe_dump({"labels": labels}))
    stages = yaml.safe_load(render_dvc_file(tmp_path, registry, "clinic"))["stages"]
    assert {"conf/clinic/parameters_labels.yml": None} in stages["ingest"]["params"]
    assert {"conf/clinic/parameters_labels.yml": None} not in stages["validate"]["params"]
    assert "data/clinic/02_intermediate/classes.json" in stages["validate"]["deps"]


def test_raw_data_under_dvc_are_a_dependency_wherever_a_machine_has_them(
    project_path, registry, tmp_path, monkeypatch
):
    shutil.copytree(project_path / "conf", tmp_path / "conf")
    assert "01_raw" not in render_dvc_file(tmp_path, registry, "ham10000")
    (tmp_path / "data/01_raw").mkdir(parents=True)
    (tmp_path / "data/01_raw/ham10000.dvc").write_text("outs: [{md5: 0.dir, path: ham10000}]\n")
    text = render_dvc_file(tmp_path, registry, "ham10000")
    stages = yaml.safe_load(text)["stages"]
    assert "data/01_raw/ham10000" in stages["ingest"]["deps"]
    assert "data/01_raw/ham10000" not in stages["validate"]["deps"]
    assert "01_raw" not in render_dvc_file(tmp_path, registry, "base")  # which reads none
    monkeypatch.setenv("DERMAFLOW_HAM10000_DIR", "/mnt/of/this/machine")
    assert render_dvc_file(tmp_path, registry, "ham10000") == text
    conf = tmp_path / "conf/ham10000/parameters_ingest.yml"
    without_default = {"folder": "${oc.env:DERMAFLOW_HAM10000_DIR}"}
    ingest = {"train": "ham10000", "sources": {"ham10000": without_default}}
    conf.write_text(yaml.safe_dump({"ingest": ingest}))
    assert "01_raw" not in render_dvc_file(tmp_path, registry, "ham10000")


def test_dvc_runs_stages_by_the_environments_name(project_path):
    """Else ``conf/local`` or ``KEDRO_ENV`` might decide what ``dvc.lock`` knows nothing of."""
    for env in environments(project_path):
        for path in dvc_files(project_path, env):
            stages = yaml.safe_load(path.read_text())["stages"]
            assert all(f"--env {env} " in stage["cmd"] for stage in stages.values())


def test_paths_are_the_projects_own_but_those_of_plots_are_the_files(project_path, registry):
    content = yaml.safe_load(render_dvc_file(project_path, registry, "smoke"))
    evaluate, train = content["stages"]["evaluate"], content["stages"]["train"]
    metrics = "data/smoke/08_reporting/metrics.json"
    assert evaluate["metrics"] == [metrics]
    assert metrics not in evaluate["outs"]
    assert evaluate["wdir"] == "../.."
    (plot, *_) = content["plots"]
    (curve,) = plot.values()
    (path,) = curve["y"]
    assert path.startswith("../../data/smoke/")
    assert path.removeprefix("../../") in train["outs"]

    at_the_root = yaml.safe_load(render_dvc_file(project_path, registry, "base"))
    assert "wdir" not in at_the_root["stages"]["evaluate"]


def test_the_files_of_a_group_are_its_own_and_of_shared_ones_its_keys_alone(tmp_path):
    for name, text in {
        "base/parameters.yml": "seed: 1\nimage: {height: 8}\n",
        "base/parameters_train.yml": "train: {epochs: 1}\n",
        "base/parameters_augment.yml": "augment: {}\n",
        "clinic/parameters.yml": "image: {height: 9}\n",
        "clinic/parameters_train.yml": "train: {epochs: 2}\n",
    }.items():
        path = tmp_path / "conf" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    assert parameter_files(tmp_path, ["seed", "train"], "clinic") == [
        {"conf/base/parameters.yml": ["seed"]},
        {"conf/base/parameters_train.yml": None},
        {"conf/clinic/parameters_train.yml": None},
    ]
    assert parameter_files(tmp_path, ["image"], "clinic") == [
        {"conf/base/parameters.yml": ["image"]},
        {"conf/clinic/parameters.yml": ["image"]},
    ]
    assert parameter_files(tmp_path, ["seed"], "base") == [{"conf/base/parameters.yml": ["seed"]}]


def test_a_group_may_stand_in_any_file_that_kedro_reads(tmp_path):
    for name, text in {
        "base/parameters_train.yml": "train: {epochs: 1}\nimage: {height: 8}\n",
        "clinic/parameters_ours.yml": "'train': {epochs: 2}\nother: {seed: 1}\n",
        "clinic/parameters/deep.yml": "image: {height: 9}\n",
        "clinic/catalog.yml": "image: {type: json.JSONDataset}\n",
    }.items():
        path = tmp_path / "conf" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    assert parameter_files(tmp_path, ["seed", "train"], "clinic") == [
        {"conf/base/parameters_train.yml": None},
        {"conf/clinic/parameters_ours.yml": ["train"]},
    ]
    assert parameter_files(tmp_path, ["image"], "clinic") == [
        {"conf/base/parameters_train.yml": ["image"]},
        {"conf/clinic/parameters/deep.yml": ["image"]},
    ]


@pytest.mark.parametrize("text", ["- a\n- b\n", "<<<<<<< HEAD\nstages: {}\n=======\n", "a: [\n"])
def test_a_file_that_holds_something_else_is_named(tmp_path, text):
    (tmp_path / "dvc.yaml").write_text(text)
    with pytest.raises(VersioningError, match=r"dvc\.yaml is no YAML"):
        read_yaml(tmp_path / "dvc.yaml")


def test_no_file_and_an_empty_one_hold_nothing(tmp_path):
    (tmp_path / "empty.yaml").touch()
    assert read_yaml(tmp_path / "dvc.yaml") == read_yaml(tmp_path / "empty.yaml") == {}
