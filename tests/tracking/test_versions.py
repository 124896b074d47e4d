"""Versions of code and data."""

import subprocess

import pandas as pd
import pytest

from dermaflow.tracking.versions import code_version, data_version


def git(folder, *arguments):
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.org")
    command = ["git", "-C", str(folder), *identity, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def test_commit_and_changes_of_a_checkout(tmp_path):
    git(tmp_path, "init", "--quiet")
    (tmp_path / "a").write_text("1")
    git(tmp_path, "add", "a")
    git(tmp_path, "commit", "--quiet", "-m", "one")
    commit = git(tmp_path, "rev-parse", "HEAD")
    assert code_version(tmp_path) == (commit, False)
    (tmp_path / "untracked").write_text("data")
    assert code_version(tmp_path) == (commit, False)
    (tmp_path / "a").write_text("2")
    assert code_version(tmp_path) == (commit, True)


def test_no_checkout_no_commit(tmp_path):
    assert code_version(tmp_path / "nowhere") == (None, False)


def manifest():
    return pd.DataFrame(
        {
            "image_id": ["a", "b"],
            "sha256": ["0" * 64, "1" * 64],
            "label": ["mel", "nv"],
            "group_id": ["g", "h"],
            "split": ["train", "test"],
            "fold": [0, -1],
            "age": [50.0, None],
        }
    )


def test_the_order_of_rows_means_nothing():
    assert data_version(manifest(), (8, 8)) == data_version(manifest()[::-1], (8, 8))


@pytest.mark.parametrize(
    ("column", "value"),
    [("sha256", "2" * 64), ("label", "df"), ("split", "val"), ("group_id", "k"), ("fold", 1)],
)
def test_what_decides_a_training_changes_the_version(column, value):
    changed = manifest()
    changed.loc[0, column] = value
    assert data_version(changed, (8, 8)) != data_version(manifest(), (8, 8))


def test_the_stored_size_belongs_to_the_version():
    assert data_version(manifest(), (8, 9)) != data_version(manifest(), (8, 8))
