"""Inputs are what was written there, by their content; what nothing is known of is let through."""

import shutil

import pytest
from dvc.repo import Repo

from dermaflow.errors import IntegrityError, SourceError
from dermaflow.versioning.dvc.cache import DvcCache
from dermaflow.versioning.stages.fingerprint import hash_path
from dermaflow.versioning.stages.input_check import (
    InputCheck,
    expected_output,
    refuse_damaged_cache,
)
from versioning.stages.locks import keep_track, lock
from versioning.toy_project import RAW, replace_unseen


def flip(path):
    """One other byte; neither size nor time changes."""
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    replace_unseen(path, bytes(content))


def put_into_cache(toy, path, content=None):
    """As DVC would, if the content is that of the path."""
    cache = DvcCache.of(toy.folder)
    (item,) = cache.objects(hash_path(path))
    item.path.parent.mkdir(parents=True, exist_ok=True)
    item.path.write_bytes(path.read_bytes() if content is None else content)


def test_inputs_as_they_were_written_are_let_through_once_they_are_read(made):
    check = InputCheck(made.workspace())
    check.check("validate")
    flip(made.place("rows"))
    check.check("validate")  # each path is read once a run
    with pytest.raises(IntegrityError, match=r"^validate: data/02/rows\.json is not what ingest"):
        InputCheck(made.workspace()).check("validate")


@pytest.mark.usefixtures("failing_disk")
def test_what_the_run_itself_has_made_is_not_read_again(made):
    check = InputCheck(made.workspace())
    check.trust([made.place("rows")])
    flip(made.place("rows"))
    check.check("validate")
    flip(made.place("manifest"))
    with pytest.raises(IntegrityError, match=r"manifest\.json is not what validate wrote"):
        check.check("train")


def test_any_version_that_the_stage_has_written_is_sound(made):
    old = made.place("manifest").read_bytes()
    made.change("validate", {"split.test": 0.3})
    made.run("validate")
    replace_unseen(made.place("manifest"), old)
    InputCheck(made.workspace()).check("train")
    made.place("manifest").write_bytes(old + b"\n")
    with pytest.raises(IntegrityError):
        InputCheck(made.workspace()).check("train")


def test_what_nothing_is_known_of_or_is_not_there_is_left_to_the_node(made):
    made.place("manifest").unlink()
    InputCheck(made.workspace()).check("train")
    shutil.rmtree(made.path("data/stage_records"))
    made.place("rows").write_text("from elsewhere")
    InputCheck(made.workspace()).check("validate")


def test_a_dvc_lock_is_enough_to_know_an_input(made):
    lock(made, "ingest")
    shutil.rmtree(made.path("data/stage_records"))
    InputCheck(made.workspace()).check("validate")
    flip(made.place("rows"))
    with pytest.raises(IntegrityError, match=r"rows\.json"):
        InputCheck(made.workspace()).check("validate")


def test_raw_data_are_what_their_dvc_file_says(made):
    keep_track(made, hash_path(made.path(RAW)))
    InputCheck(made.workspace()).check("ingest")
    flip(made.path(f"{RAW}/list.csv"))
    with pytest.raises(IntegrityError, match=rf"{RAW} is not what {RAW}\.dvc says") as caught:
        InputCheck(made.workspace()).check("ingest")
    assert f"`dvc add {RAW}` keeps a change that is meant" in str(caught.value)
    InputCheck(made.workspace()).check("validate")  # which does not read them


def test_tracked_raw_data_that_are_away_can_be_pulled(made):
    keep_track(made, "0" * 32 + ".dir")
    shutil.rmtree(made.path(RAW))
    with pytest.raises(SourceError, match=f"^{RAW} is not here; `dvc pull {RAW}` brings") as caught:
        InputCheck(made.workspace()).check("ingest")
    assert caught.value.exit_code == 4


def test_raw_data_whose_hash_dvc_does_not_tell_are_let_through(made):
    made.path(f"{RAW}.dvc").write_text("<<<<<<< HEAD\n")
    InputCheck(made.workspace()).check("ingest")


@pytest.mark.usefixtures("failing_disk")
def test_what_the_check_has_read_is_what_the_run_goes_by(made):
    """A flipped bit that sizes and times do not tell is known once it was read."""
    workspace = made.workspace()
    assert workspace.is_unchanged("ingest", workspace.now("ingest"))
    flip(made.place("rows"))
    assert workspace.is_unchanged("ingest", workspace.now("ingest"))
    with pytest.raises(IntegrityError):
        InputCheck(workspace).check("validate")
    assert not workspace.is_unchanged("ingest", workspace.now("ingest"))


@pytest.mark.parametrize(
    ("changed", "copy", "refused"),
    [
        (True, "damaged", True),
        (True, "sound", False),
        (True, "none", False),
        (False, "damaged", False),
    ],
)
def test_a_changed_output_is_not_made_again_over_a_damaged_copy_in_the_cache(
    made, changed, copy, refused
):
    Repo.init(no_scm=True).close()
    rows = made.place("rows")
    if copy != "none":
        put_into_cache(made, rows, b"damaged" if copy == "damaged" else None)
    if changed:
        rows.write_text("[]")
    workspace = made.workspace()
    now = workspace.now("ingest")
    if refused:
        with pytest.raises(IntegrityError, match=r"so is its copy in DVC's cache, \.dvc/cache"):
            refuse_damaged_cache(workspace, "ingest", now)
    else:
        refuse_damaged_cache(workspace, "ingest", now)


def test_an_expected_output_is_filed_if_dvc_can_bring_back_what_it_is_taken_for(made):
    assert not expected_output(made.workspace(), "validate", "data/03/manifest.json").filed
    lock(made, "validate")
    expected = expected_output(made.workspace(), "validate", "data/03/manifest.json")
    assert expected.hashes == [hash_path(made.place("manifest"))]
    assert expected.filed
    made.change("validate", {"split.test": 0.3})
    made.run("validate")
    assert not expected_output(made.workspace(), "validate", "data/03/manifest.json").filed
    made.place("manifest").write_text("damaged")  # then it is the lock's that comes first
    assert expected_output(made.workspace(), "validate", "data/03/manifest.json").filed
