"""What git still holds of files as they once were."""

import subprocess

import pytest

from dermaflow.versioning.git_history import history_of


@pytest.fixture
def git(tmp_path):
    """Run git in a repository."""

    def git(*arguments):
        identity = ("-c", "user.name=test", "-c", "user.email=test@example.org")
        command = ("git", *identity, *arguments)
        return subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True)

    git("init", "--quiet", "--initial-branch", "main")
    (tmp_path / "pyproject.toml").touch()
    git("add", "--all")
    git("commit", "--quiet", "--message", "first")
    return git


def test_all_that_is_reached_in_some_way_is_found(git, tmp_path):
    lock = tmp_path / "conf/smoke/dvc.lock"
    lock.parent.mkdir(parents=True)

    def commit(text):
        lock.write_text(text)
        git("add", "--all")
        git("commit", "--quiet", "--message", text)

    commit("on main")
    git("checkout", "--quiet", "-b", "other")
    commit("on another branch")
    commit("tagged")
    git("tag", "v1")
    git("reset", "--quiet", "--hard", "HEAD~1")
    commit("in the reflog alone")
    git("reset", "--quiet", "--hard", "HEAD~1")
    git("checkout", "--quiet", "main")
    git("checkout", "--quiet", "-b", "side")
    commit("on a branch that was merged and lost")
    git("checkout", "--quiet", "main")
    git("merge", "--quiet", "--no-ff", "--strategy", "ours", "--message", "ours", "side")
    git("branch", "--quiet", "-D", "side")
    git("reflog", "expire", "--expire=now", "refs/heads/main")
    lock.write_text("stashed away")
    git("stash")
    (tmp_path / "raw.csv.dvc").write_text("added alone")
    git("add", "--all")
    (tmp_path / "other.yaml").write_text("of no interest")
    git("add", "--all")
    found = history_of(tmp_path, ("dvc.lock", "*.dvc")).decode(errors="replace")
    texts = ("on main", "on another branch", "tagged", "in the reflog alone", "stashed away")
    for text in (*texts, "added alone", "on a branch that was merged and lost"):
        assert text in found
    assert "of no interest" not in found


def test_a_folder_without_git_has_no_history(tmp_path):
    assert history_of(tmp_path, ("dvc.lock",)) == b""
