"""Tags of a run's origin."""

import subprocess

import pytest

from dermaflow.tracking.run_tags import origin_tags, raw_tags


def git(folder, *arguments):
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.org")
    command = ["git", "-C", str(folder), *identity, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def _command(monkeypatch):
    monkeypatch.setattr("sys.argv", ["/a/venv/bin/kedro", "run", "--params", "a=1 or 2"])


@pytest.fixture
def checkout(tmp_path):
    """A checkout of one commit."""
    folder = tmp_path / "checkout"
    (folder / "src").mkdir(parents=True)
    (folder / "src/a.py").write_text("1")
    git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "one")
    return folder


@pytest.mark.usefixtures("_command")
def test_a_run_in_a_checkout_names_its_commit_and_whether_code_differs_from_it(tmp_path):
    (tmp_path / "src").mkdir()
    (tmp_path / "src/a.py").write_text("1")
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", "--all")
    git(tmp_path, "commit", "--quiet", "--message", "one")
    expected = {
        "env": "smoke",
        "command": "kedro run --params 'a=1 or 2'",  # as a shell reads it again
        "mlflow.source.git.commit": git(tmp_path, "rev-parse", "HEAD"),
        "git_dirty": "false",
    }
    assert origin_tags(tmp_path, "smoke") == expected
    (tmp_path / "src/a.py").write_text("2")
    assert origin_tags(tmp_path, "smoke") == expected | {"git_dirty": "true"}


def test_the_command_holds_no_secret_of_an_address(tmp_path, monkeypatch):
    address = "train.weights=https://hunter2@host.example/w"
    monkeypatch.setattr("sys.argv", ["kedro", "run", f"--params={address}"])
    command = origin_tags(tmp_path, "base")["command"]
    assert command == "kedro run '--params=train.weights=https://***@host.example/w'"


@pytest.mark.usefixtures("_command")
def test_a_run_outside_a_checkout_says_so(tmp_path):
    tags = origin_tags(tmp_path / "no_checkout", "base")
    # Without a tag of ours, MLflow's own would stay: the commit of wherever the command lies.
    assert tags["mlflow.source.git.commit"] == "none"
    assert tags["git_dirty"] == "unknown"


def refused_for_its_owner(folder, monkeypatch):
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")  # git's own, as if by another user


def with_a_damaged_index(folder, monkeypatch):
    (folder / ".git/index").write_bytes(b"no index")


def where_git_is_not_installed(folder, monkeypatch):
    monkeypatch.setenv("PATH", str(folder))


@pytest.mark.usefixtures("_command")
@pytest.mark.parametrize(
    ("refuse", "commit_is_known", "said"),
    [
        (refused_for_its_owner, False, "git config --global --add safe.directory"),
        (with_a_damaged_index, True, "index file"),
        (where_git_is_not_installed, False, "git cannot be run: No such file"),
    ],
)
def test_a_checkout_that_git_cannot_read_is_never_called_clean(
    checkout, monkeypatch, caplog, refuse, commit_is_known, said
):
    commit = git(checkout, "rev-parse", "HEAD")
    refuse(checkout, monkeypatch)
    tags = origin_tags(checkout, "base")
    assert tags["git_dirty"] == "unknown"
    assert tags["mlflow.source.git.commit"] == (commit if commit_is_known else "unknown")
    (warning,) = caplog.messages
    assert warning.startswith("The run will not say which code it ran: ")
    assert said in warning
    assert "\n" not in warning
    monkeypatch.setenv("DVC_STAGE", "ingest")
    monkeypatch.setenv("MLFLOW_RUN_ID", "1")
    assert origin_tags(checkout, "base") == tags
    assert caplog.messages == [warning]  # `kedro repro` says it once for all its stages


@pytest.mark.usefixtures("_command")
def test_code_before_the_first_commit_is_in_none(tmp_path, caplog):
    (tmp_path / "src").mkdir()
    (tmp_path / "src/a.py").write_text("1")
    git(tmp_path, "init", "--quiet")
    tags = origin_tags(tmp_path, "base")
    assert (tags["mlflow.source.git.commit"], tags["git_dirty"]) == ("none", "true")
    assert not caplog.messages


@pytest.mark.usefixtures("_command")
def test_a_run_inside_a_git_hook_is_tagged_with_the_projects_own_commit(
    checkout, tmp_path, monkeypatch
):
    expected = origin_tags(checkout, "base")
    git(tmp_path, "init", "--quiet", "other")
    for name, path in {
        "GIT_DIR": "other/.git",
        "GIT_WORK_TREE": "other",
        "GIT_INDEX_FILE": "other/.git/index",
        "GIT_OBJECT_DIRECTORY": "other/.git/objects",
    }.items():
        monkeypatch.setenv(name, str(tmp_path / path))
    monkeypatch.setenv("GIT_LITERAL_PATHSPECS", "1")
    (checkout / "dvc.lock").write_text("written by dvc repro")
    assert origin_tags(checkout, "base") == expected
    assert expected["git_dirty"] == "false"


@pytest.mark.parametrize(
    ("called", "named"),
    [
        ("/a/lib/dermaflow/__main__.py", "python -m dermaflow --env smoke"),
        ("/a/venv/bin/dermaflow", "dermaflow --env smoke"),
    ],
)
def test_a_run_of_the_installed_package_names_the_command_that_repeats_it(
    tmp_path, monkeypatch, called, named
):
    monkeypatch.setattr("sys.argv", [called, "--env", "smoke"])
    assert origin_tags(tmp_path, "smoke")["command"] == named


def test_raw_data_are_tagged_by_the_names_of_files():
    versions = {"data/01_raw/clinic": "1.dir", "/mnt/a/list.csv": "2", "/mnt/b/list.csv": "3"}
    assert raw_tags(versions) == {
        "md5.raw.clinic": "1.dir",
        "md5.raw./mnt/a/list.csv": "2",
        "md5.raw./mnt/b/list.csv": "3",
    }
