"""Which ``.dvc`` file keeps track of a path."""

from pathlib import Path

import pytest
from dvc.repo import Repo

from dermaflow.versioning.dvc.tracked_files import split_tracked, tracked_by
from dermaflow.versioning.stages.fingerprint import hash_path


@pytest.mark.parametrize("path", ["data/raw", "data/raw/list.csv", "data/raw/images/none.png"])
def test_a_folder_is_tracked_with_all_that_is_in_it(project, path):
    for given in (Path(path), project / path):
        found = tracked_by(project, given)
        assert found.path == "data/raw"
        assert found.dvc_file == "data/raw.dvc"
        assert found.md5 == hash_path(project / "data/raw")


@pytest.mark.parametrize("path", ["data", "data/raw2", "/elsewhere/data/raw", "."])
def test_what_is_beside_above_or_outside_is_not(project, path):
    assert tracked_by(project, Path(path)) is None


def test_paths_under_one_file_are_one(project):
    with Repo(str(project)) as repo:
        (project / "weights.bin").write_bytes(b"w")
        repo.add(str(project / "weights.bin"))
    paths = ["data/raw/list.csv", "data/raw/images", "weights.bin", "/mnt/other.csv"]
    tracked, untracked = split_tracked(project, map(Path, paths))
    assert sorted(tracked) == ["data/raw", "weights.bin"]
    assert untracked == [Path("/mnt/other.csv")]


@pytest.mark.parametrize(
    "text",
    ["<<<<<<< HEAD\n", "", "outs: []\n", "outs: [raw]\n", "outs:\n- md5: abc\n  path: raw\n"],
    ids=["merge-conflict", "empty", "no-outs", "a-name-alone", "hashed-by-dvc-2"],
)
def test_a_hash_that_cannot_be_compared_is_none(project, text):
    (project / "data/raw.dvc").write_text(text)
    assert tracked_by(project, Path("data/raw")).md5 is None
