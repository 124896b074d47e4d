"""What is there of the stages, and which of them would make it again."""

import shutil

import pytest
from kedro.framework.project import pipelines
from kedro.pipeline import node, pipeline

from dermaflow.errors import ParameterError
from dermaflow.versioning.stages.fingerprint import hash_path
from versioning.stages.locks import keep_track, lock
from versioning.toy_project import RAW, own_code

MADE = {"ingest", "validate", "validate_drawing", "train", "register"}
MANIFEST, REPORT = "data/03/manifest.json", "data/08/report.json"


def forget(toy):
    """Remove the records, as in a clone that others' outputs were pulled into."""
    shutil.rmtree(toy.path("data/stage_records"))


def test_a_stage_is_made_from_its_code_inputs_parameters_and_raw_files(made):
    now = made.workspace().now("ingest")
    assert now.deps.keys() == set(made.workspace().stage("ingest").code)
    assert now.parameters.keys() == {"ingest"}
    files = (f"{RAW}/list.csv", f"{RAW}/images")
    assert now.external == {file: hash_path(made.path(file)) for file in files}
    assert now.outs == {
        name: hash_path(made.path(name)) for name in ("data/02/rows.json", "data/02/scans")
    }
    rows = made.workspace().now("validate").deps["data/02/rows.json"]
    assert rows == hash_path(made.place("rows"))


def test_what_is_not_there_has_no_hash(toy):
    now = toy.workspace().now("validate")
    assert now.deps["data/02/rows.json"] is None
    assert set(now.outs.values()) == {None}


def test_without_sources_in_the_project_the_installed_package_is_the_code(made, project_path):
    code = made.workspace().stage("validate").code
    shutil.rmtree(made.path("src"))
    workspace = made.workspace()
    now = workspace.now("validate")
    assert {name: now.deps[name] for name in code} == {
        name: hash_path(project_path / name) for name in code
    }
    assert None not in now.deps.values()
    assert not workspace.is_unchanged("validate", now)  # it was made by other code


def test_tracked_raw_data_are_an_input_and_if_they_are_away_what_git_says_of_them(made):
    here = hash_path(made.path(RAW))
    keep_track(made, "0" * 32 + ".dir")
    now = made.workspace().now("ingest")
    assert now.external == {}
    assert now.deps[RAW] == here
    shutil.rmtree(made.path(RAW))
    assert made.workspace().now("ingest").deps[RAW] == "0" * 32 + ".dir"
    assert made.workspace().tracked("ingest").keys() == {RAW}
    assert made.workspace().tracked("validate") == {}


@pytest.mark.parametrize(
    ("touched", "lost"),
    [
        ([], set()),
        # Each of the followers is what it was made from, but not what would be made now.
        (["ingest"], MADE),
        (["validate"], MADE - {"ingest"}),
        (["validate_drawing"], {"validate_drawing"}),
        (["register", "validate_drawing"], {"register", "validate_drawing"}),
    ],
)
def test_what_follows_a_changed_stage_is_not_consistent_either(made, touched, lost):
    for stage in touched:
        own_code(made, stage).write_text("2\n")
    workspace = made.workspace()
    assert workspace.consistent().keys() == MADE - lost
    unchanged = {name for name in MADE if workspace.is_unchanged(name, workspace.now(name))}
    assert unchanged == MADE - set(touched)


def test_an_input_comes_from_the_stage_that_writes_it(made):
    workspace = made.workspace()
    assert workspace.origins("train") == {MANIFEST: "validate"}
    assert workspace.origins("ingest") == {}
    assert workspace.producers("validate_drawing") == {"validate"}


def change_three_ways(toy):
    toy.change("validate", {"split.test": 0.3, "split.val": 0.2})
    toy.place("report").write_text("{}")
    own_code(toy, "validate").write_text("2\n")


def reasons(toy, stage):
    workspace = toy.workspace()
    return workspace.reasons(stage, workspace.now(stage))


def test_a_stage_that_has_never_run_has_no_outputs_yet(toy):
    assert reasons(toy, "validate") == "no outputs yet"


def test_reasons_name_all_that_changed(made):
    change_three_ways(made)
    code = own_code(made, "validate").relative_to(made.folder)
    assert reasons(made, "validate") == (
        "parameters changed (validate.split.test, validate.split.val); "
        f"inputs or code changed ({code}); outputs changed ({REPORT})"
    )
    made.path(f"{RAW}/list.csv").write_text("1,df\n")
    assert reasons(made, "ingest") == f"data from outside changed ({RAW}/list.csv)"


def test_of_many_reasons_three_are_named(made):
    code = made.workspace().stage("train").code
    for path in code[:5]:
        made.path(path).write_text("2\n")
    assert reasons(made, "train") == f"inputs or code changed ({', '.join(code[:3])} and 2 more)"


@pytest.mark.parametrize(
    ("removed", "recorded", "expected"),
    [
        (["manifest"], True, f"outputs changed ({MANIFEST})"),
        (["manifest", "report"], True, "no outputs yet"),
        (["manifest"], False, "no outputs yet"),
        ([], False, "outputs of unknown origin"),
    ],
)
def test_missing_outputs_and_missing_records_are_told_apart(made, removed, recorded, expected):
    for dataset in removed:
        made.place(dataset).unlink()
    if not recorded:
        forget(made)
    assert reasons(made, "validate") == expected


def test_without_records_a_dvc_lock_vouches_for_the_outputs(made):
    lock(made, *MADE)
    forget(made)
    assert made.run("validate", "train") == []
    made.place("report").write_text("{}")
    assert made.run("validate", "train") == ["check", "report"]


def test_a_dvc_lock_vouches_for_no_raw_files_that_dvc_does_not_know(made):
    lock(made, "ingest")
    forget(made)
    workspace = made.workspace()
    assert not workspace.is_unchanged("ingest", workspace.now("ingest"))
    shutil.rmtree(made.path(RAW))  # where there are none, none may have changed
    workspace = made.workspace()
    assert workspace.is_unchanged("ingest", workspace.now("ingest"))


def test_the_lock_of_another_environment_says_nothing_of_this_one(made):
    lock(made, "validate")
    file = made.path("conf/toy/dvc.lock")
    file.write_text(file.read_text().replace("path: data/0", "path: data/other/0"))
    assert made.workspace().locked("validate") is None
    lock(made, "train", path="dvc.lock")
    assert made.workspace().locked("train").outs == made.workspace().now("train").outs
    assert made.workspace().locked("validate") is None


def test_of_an_outputs_known_hashes_what_is_there_comes_first_then_what_the_lock_says(made):
    first = hash_path(made.place("manifest"))
    lock(made, "validate")
    hashes = [first]
    for share in (0.3, 0.25):
        made.change("validate", {"split.test": share})
        made.run("validate")
        hashes.append(hash_path(made.place("manifest")))
    first, second, third = hashes
    assert made.workspace().written("validate", MANIFEST) == [third, first, second]
    made.place("manifest").write_text("none of these")
    assert made.workspace().written("validate", MANIFEST) == [first, third, second]
    assert made.workspace().written("validate", "data/other.json") == []


def test_data_are_the_same_whatever_code_made_them(made):
    def has_same_data(stage):
        workspace = made.workspace()
        return workspace.has_same_data(stage, workspace.now(stage))

    own_code(made, "validate").write_text("2\n")
    made.place("manifest").write_text("{}")
    assert has_same_data("validate")
    assert not has_same_data("validate_drawing")  # which reads the manifest
    made.change("validate", {"split.test": 0.3})
    assert not has_same_data("validate")
    forget(made)
    assert not has_same_data("register")


def test_raw_files_that_are_away_have_the_version_that_was_read(made):
    def versions():
        workspace = made.workspace()
        return workspace.external_versions("ingest", workspace.now("ingest"))

    files = (f"{RAW}/list.csv", f"{RAW}/images")
    before = {file: hash_path(made.path(file)) for file in files}
    assert versions() == before
    made.path(f"{RAW}/list.csv").write_text("1,df\n")
    assert versions() == before | {files[0]: hash_path(made.path(files[0]))}
    shutil.rmtree(made.path(RAW))
    assert versions() == before
    keep_track(made, "1" * 32 + ".dir")
    assert versions() == {RAW: "1" * 32 + ".dir"}


def test_a_dataset_without_a_file_is_refused_by_its_name(toy):
    unlisted = node(lambda weights: weights, "weights", "curves")
    pipelines["train"] = pipelines["train"] + pipeline([unlisted], tags="train")
    with pytest.raises(ParameterError, match=r"^train: 'curves' has no file.*catalog\.yml"):
        toy.workspace().stage("train")


def test_only_a_folder_that_goes_on_after_a_crash_is_a_working_folder(toy):
    workspace = toy.workspace()
    (folder,) = workspace.working_folders("train")
    assert folder.load().path == toy.place("checkpoints")
    assert workspace.working_folders("validate") == []
    assert "checkpoints" not in workspace.stage("train").inputs


def test_paths_are_the_projects_own_where_they_are_in_it(toy):
    workspace = toy.workspace()
    assert workspace.relative(toy.folder / "data/a") == "data/a"
    assert workspace.relative("data/a") == "data/a"
    assert workspace.relative(f"{toy.folder}-two/a") == f"{toy.folder}-two/a"
    assert workspace.outputs("train") == {"weights": toy.place("weights")}
    assert workspace.failed_folder("train") == toy.path("data/failed/train")
