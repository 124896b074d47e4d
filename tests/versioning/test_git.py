"""The version of the code."""

import subprocess

from dermaflow.versioning.git import code_version


def git(folder, *arguments):
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.org")
    command = ["git", "-C", str(folder), *identity, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def test_commit_and_changes_of_a_checkout(tmp_path):
    git(tmp_path, "init", "--quiet")
    (tmp_path / "src").mkdir()
    (tmp_path / "src/a.py").write_text("1")
    git(tmp_path, "add", "src")
    git(tmp_path, "commit", "--quiet", "-m", "one")
    commit = git(tmp_path, "rev-parse", "HEAD")
    assert code_version(tmp_path) == (commit, False)
    (tmp_path / "notes.txt").write_text("decides nothing")
    (tmp_path / "src/dvc.lock").write_text("written by dvc repro")
    assert code_version(tmp_path) == (commit, False)
    (tmp_path / "src/new.py").write_text("not committed yet")
    assert code_version(tmp_path) == (commit, True)
    (tmp_path / "src/new.py").unlink()
    (tmp_path / "src/a.py").write_text("2")
    assert code_version(tmp_path) == (commit, True)


def test_no_checkout_no_commit(tmp_path):
    assert code_version(tmp_path / "nowhere") == (None, False)
