"""The version of the code, and what differs from it."""

import subprocess

import pytest

from dermaflow.errors import VersioningError
from dermaflow.versioning.git import (
    apply_patch,
    code_version,
    git_problem,
    require_git,
    uncommitted_patch,
)


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
    (tmp_path / ".dvc").mkdir()
    (tmp_path / ".dvc/config").write_text("where DVC's remote is")
    assert code_version(tmp_path) == (commit, False)
    (tmp_path / "raw.dvc").write_text("which raw data it is")
    assert code_version(tmp_path) == (commit, True)
    (tmp_path / "raw.dvc").unlink()
    (tmp_path / "src/new.py").write_text("not committed yet")
    assert code_version(tmp_path) == (commit, True)
    (tmp_path / "src/new.py").unlink()
    (tmp_path / "src/a.py").write_text("2")
    assert code_version(tmp_path) == (commit, True)


def test_no_checkout_no_commit(tmp_path):
    assert code_version(tmp_path / "nowhere") == (None, None)


@pytest.fixture
def project(tmp_path):
    """A checkout with one committed file."""
    git(tmp_path, "init", "--quiet")
    (tmp_path / "src").mkdir()
    (tmp_path / "src/a.py").write_bytes(b"one\r\ntwo\r\n")
    git(tmp_path, "add", "--all")
    git(tmp_path, "commit", "--quiet", "-m", "one")
    return tmp_path


def hide_untracked(project):
    git(project, "config", "status.showUntrackedFiles", "no")
    (project / "src/new.py").write_text("not committed yet")


def hide_by_the_index(project):
    git(project, "update-index", "--skip-worktree", "src/a.py")
    (project / "src/a.py").write_text("2")


def hide_as_unchanged(project):
    git(project, "update-index", "--assume-unchanged", "src/a.py")
    (project / "src/a.py").write_text("2")


def hide_as_ignored(project):
    (project / ".git/info/exclude").write_text("models/\n")
    (project / "src/models").mkdir()
    (project / "src/models/new.py").write_text("not committed yet")


@pytest.mark.parametrize(
    "hide", [hide_untracked, hide_by_the_index, hide_as_unchanged, hide_as_ignored]
)
def test_what_the_user_hides_from_git_status_is_a_change_all_the_same(project, hide):
    hide(project)
    assert git(project, "status", "--porcelain") == ""
    assert code_version(project)[1] is True
    assert b"+++ b/src/" in uncommitted_patch(project)


def test_a_repository_that_ignores_the_project_says_nothing_of_its_code(project):
    (project / ".gitignore").write_text("inner/\n")
    git(project, "add", ".gitignore")
    git(project, "commit", "--quiet", "-m", "two")
    inner = project / "inner"
    (inner / "src").mkdir(parents=True)
    (inner / "src/a.py").write_text("1")
    (inner / "pyproject.toml").write_text("")
    assert code_version(inner) == (None, None)
    assert git_problem(inner) == "the repository around the project ignores it"
    with pytest.raises(VersioningError, match="the repository around the project ignores it"):
        require_git(inner)
    assert code_version(project)[1] is False
    assert git_problem(project) == ""


@pytest.mark.parametrize(
    "files",
    [
        {"src/a.py": b"one\r\n2\r\n"},
        {"src/b.py": b"new\r\nwith carriage returns\r\n"},
        {"src/a.py": "ein Nävus\n".encode("latin-1")},
        {"src/picture.bin": bytes(range(256)) * 3},
        {"conf/clinic/parameters.yml": b"without a newline at its end"},
        {"data/01_raw/clinic.dvc": b"outs:\n- md5: 0\n"},
    ],
    ids=["crlf", "new-crlf", "latin-1", "binary", "no-newline", "raw-data"],
)
@pytest.mark.parametrize("setting", [None, "diff.noprefix=true", "color.ui=always"])
def test_uncommitted_changes_come_back_to_the_byte(project, files, setting):
    if setting:
        git(project, "config", *setting.split("="))
    for name, content in files.items():
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_bytes(content)
    patch = uncommitted_patch(project)
    git(project, "stash", "--include-untracked")
    assert not any((project / name).exists() for name in files if name != "src/a.py")
    apply_patch(project, patch)
    assert {name: (project / name).read_bytes() for name in files} == files


def test_a_patch_that_does_not_fit_is_refused(project):
    (project / "src/a.py").write_bytes(b"one\r\n2\r\n")
    patch = uncommitted_patch(project)
    with pytest.raises(VersioningError, match="git apply refused"):
        apply_patch(project, patch)
