"""What DVC is told of a run: into its lock, into its cache alone, or not at all."""

import logging
import shutil

import pytest
from kedro.framework.project import pipelines

from dermaflow.errors import VersioningError
from dermaflow.versioning.dvc.cache import DvcCache
from dermaflow.versioning.dvc.commit import (
    DvcCommit,
    _dvc_stages,
    in_cache,
    lock_entry,
    output_entries,
    save_outputs,
)
from dermaflow.versioning.dvc.lock import read_lock, record_of
from dermaflow.versioning.dvc.stage_file import write_dvc_files
from dermaflow.versioning.stages.fingerprint import hash_path
from versioning.dvc.conftest import ENV
from versioning.stages.locks import keep_track
from versioning.toy_project import CHAIN, CLINIC, RAW, own_code, replace_unseen

MADE = {"ingest", "validate", "validate_drawing", "train", "register"}
LOCK = f"conf/{ENV}/dvc.lock"


def commit(toy):
    DvcCommit(toy.workspace(), ENV).commit()


def locked(toy):
    return read_lock(toy.path(LOCK))


def cached(toy, *datasets):
    """Those of the datasets that DVC's cache holds as they are."""
    cache = DvcCache.of(toy.folder)
    return [name for name in datasets if in_cache(cache, [hash_path(toy.place(name))])]


def test_a_run_of_the_files_goes_into_the_lock_and_the_cache_once(versioned, caplog):
    with caplog.at_level(logging.INFO):
        commit(versioned)
    assert "DVC: committed: ingest, validate, validate_drawing, train, register" in caplog.text
    assert locked(versioned).keys() == MADE
    workspace = versioned.workspace()
    for name in MADE:
        assert workspace.locked(name).agrees(workspace.now(name)), name
    datasets = ("rows", "scans", "manifest", "report", "pages", "summary", "weights")
    assert cached(versioned, *datasets) == list(datasets)

    lock = versioned.path(LOCK)
    before = (lock.read_bytes(), lock.stat().st_ino)
    commit(versioned)
    assert (lock.read_bytes(), lock.stat().st_ino) == before


def test_other_parameters_go_into_the_cache_alone_with_all_that_follows(versioned, caplog):
    versioned.change("validate", {"split.test": 0.3})
    versioned.run(*CHAIN)
    with caplog.at_level(logging.INFO):
        commit(versioned)
    assert locked(versioned).keys() == {"ingest"}
    assert "DVC: committed: ingest" in caplog.text
    cached_alone = "validate, validate_drawing, train, register"
    assert (
        f"DVC: cached, as parameters or code are not those in conf/ and src/: {cached_alone}"
        in caplog.text
    )
    assert cached(versioned, "manifest", "weights") == ["manifest", "weights"]
    caplog.clear()
    with caplog.at_level(logging.INFO):
        commit(versioned)
    assert "DVC: " not in caplog.text  # it is all there


def test_stages_that_do_not_come_from_what_is_there_are_not_told(versioned):
    own_code(versioned, "validate").write_text("2\n")
    commit(versioned)
    assert locked(versioned).keys() == {"ingest"}
    assert cached(versioned, "rows", "manifest") == ["rows"]


def track_raw_data(toy):
    """Put the raw data under DVC, and let ``dvc.yaml`` and the records know."""
    keep_track(toy, hash_path(toy.path(RAW)))
    write_dvc_files(toy.folder, pipelines)
    toy.run("ingest")


def test_outputs_of_an_installed_package_go_into_the_cache_alone(versioned):
    """DVC looks for code where ``dvc.yaml`` has it, which an installed package does not."""
    shutil.rmtree(versioned.path("src"))
    versioned.run(*CHAIN)
    commit(versioned)
    assert locked(versioned) == {}
    assert cached(versioned, "rows", "weights") == ["rows", "weights"]


def test_outputs_of_raw_data_that_are_away_do_not_go_into_the_lock(versioned):
    track_raw_data(versioned)
    versioned.path(RAW).rename(versioned.path("away"))
    commit(versioned)
    assert locked(versioned) == {}
    assert cached(versioned, "rows") == ["rows"]
    versioned.path("away").rename(versioned.path(RAW))
    commit(versioned)
    assert locked(versioned).keys() == MADE


def test_outputs_of_raw_data_that_a_variable_chose_go_into_the_cache_alone(versioned, monkeypatch):
    track_raw_data(versioned)
    conf = versioned.path(f"conf/{ENV}/parameters_ingest.yml")
    variable = f"${{oc.env:DERMAFLOW_CLINIC,{RAW}}}"
    conf.write_text(conf.read_text().replace(RAW, variable))
    elsewhere = versioned.path("elsewhere")
    shutil.copytree(versioned.path(RAW), elsewhere)
    monkeypatch.setenv("DERMAFLOW_CLINIC", str(elsewhere))
    source = CLINIC["sources.clinic"]
    moved = {"table": f"{elsewhere}/list.csv", "images": f"{elsewhere}/images"}
    versioned.change("ingest", {"sources.clinic": source | moved})
    versioned.run("ingest")
    commit(versioned)
    assert locked(versioned) == {}
    assert cached(versioned, "rows") == ["rows"]


@pytest.mark.parametrize(
    ("state", "expected"),
    [("gone", "is not there yet"), ("old", "is not what the code says")],
)
def test_without_a_current_dvc_yaml_nothing_is_told(versioned, caplog, state, expected):
    file = versioned.path(f"conf/{ENV}/dvc.yaml")
    text = file.read_text()
    file.unlink()
    if state == "old":
        file.write_text(text.replace("split", "splits", 1) + "\n")
    commit(versioned)
    assert f"conf/{ENV}/dvc.yaml {expected}: `kedro dvc-yaml`" in caplog.text
    assert not versioned.path(LOCK).exists()
    assert cached(versioned, "manifest") == []


def test_without_dvc_one_line_says_that_nothing_is_versioned(versioned, caplog):
    shutil.rmtree(versioned.path(".dvc"))
    commit(versioned)
    assert caplog.messages == ["DVC is not set up here (`dvc init`): the outputs are not versioned"]
    assert not versioned.path(LOCK).exists()


@pytest.mark.usefixtures("failing_disk")
def test_outputs_that_are_not_what_the_run_wrote_are_not_committed(versioned, caplog):
    workspace = versioned.workspace()
    workspace.now("validate")  # its hashes are taken
    manifest = versioned.place("manifest")
    replace_unseen(manifest, manifest.read_bytes().replace(b"mel", b"bcc"))
    DvcCommit(workspace, ENV).commit()
    assert "validate: changed meanwhile" in caplog.text
    assert "validate" not in locked(versioned)
    assert cached(versioned, "manifest", "rows") == ["rows"]


def test_an_output_of_which_dvcignore_hides_a_part_is_an_error(versioned):
    (versioned.folder / ".dvcignore").write_text("1.txt\n")
    with pytest.raises(VersioningError, match="not see all of data/02/scans: a pattern of"):
        commit(versioned)


@pytest.mark.parametrize("link", ["data", "data/03"])
def test_a_data_folder_that_leads_out_of_the_repository_is_refused(versioned, tmp_path, link):
    commit_of = DvcCommit(versioned.workspace(), ENV)
    commit_of.require_place()
    inside, outside = versioned.path(link), tmp_path / "another disk"
    shutil.move(inside, outside)
    inside.symlink_to(outside)
    with pytest.raises(VersioningError, match=r"leads to .*another disk, outside"):
        commit_of.require_place()


def test_what_lies_there_is_told_as_a_lock_would(versioned):
    versioned.place("report").unlink()
    shutil.rmtree(versioned.place("pages"))
    shutil.rmtree(versioned.place("summary"))
    entries = output_entries(versioned.folder, ENV)
    assert entries.keys() == MADE - {"validate_drawing"}
    manifest = "data/03/manifest.json"
    assert entries["validate"] == {
        "cmd": f"kedro run --env {ENV} --pipelines validate --tags validate",
        "outs": [{"path": manifest, "hash": "md5", "md5": hash_path(versioned.path(manifest))}],
    }


def test_only_what_the_cache_lacks_is_saved_also_one_file_of_a_folder(versioned):
    versioned.place("report").unlink()  # the others of its stage are saved all the same
    entries = output_entries(versioned.folder, ENV)
    assert set(save_outputs(versioned.folder, ENV, entries)) == MADE
    assert cached(versioned, "scans", "manifest") == ["scans", "manifest"]
    assert save_outputs(versioned.folder, ENV, entries) == []
    assert not versioned.path(LOCK).exists()

    cache = DvcCache.of(versioned.folder)
    md5 = hash_path(versioned.place("scans"))
    (item,) = [item for item in cache.objects(md5) if item.name == "2.txt"]
    item.path.unlink()
    assert save_outputs(versioned.folder, ENV, entries) == ["ingest"]
    assert not cache.missing([md5])


def test_an_entry_says_the_parameters_that_the_stage_ran_with(versioned):
    versioned.change("validate", {"split.test": 0.3})
    workspace = versioned.workspace()
    for stage in ("validate", "train"):
        record = workspace.now(stage)
        entry = lock_entry(workspace, ENV, stage, record)
        groups = workspace.stage(stage).groups
        assert record_of(entry, groups).parameters == record.parameters
        assert record_of(entry, groups).agrees(record)
    validate = lock_entry(workspace, ENV, "validate", workspace.now("validate"))
    files = ["conf/base/parameters_validate.yml", f"conf/{ENV}/parameters_validate.yml"]
    assert list(validate["params"]) == files
    assert validate["params"][files[1]]["validate"]["split"]["test"] == 0.3


def test_an_output_is_cached_only_with_all_its_files(cache, md5):
    assert in_cache(cache, [md5])
    assert not in_cache(cache, [md5, None])
    assert not in_cache(None, [md5])
    next(item for item in cache.objects(md5) if item.name).path.unlink()
    assert not in_cache(cache, [md5])


def test_an_error_of_dvc_comes_with_what_it_means(project, monkeypatch):
    file = project / "dvc.yaml"  # there is none
    message = r"^DVC could not save the outputs: .*dvc\.yaml.*; so$"
    with pytest.raises(VersioningError, match=message), _dvc_stages(file, "so") as load:
        load("make")
    monkeypatch.delattr("dvc.lock.make_lock")
    message = r"is not one that is supported: .*make_lock.*; so$"
    with pytest.raises(VersioningError, match=message), _dvc_stages(file, "so"):
        pass
