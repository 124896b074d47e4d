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
    assert tags["git_dirty"] == "false"


def test_raw_data_are_tagged_by_the_names_of_files():
    versions = {"data/01_raw/clinic": "1.dir", "/mnt/a/list.csv": "2", "/mnt/b/list.csv": "3"}
    assert raw_tags(versions) == {
        "md5.raw.clinic": "1.dir",
        "md5.raw./mnt/a/list.csv": "2",
        "md5.raw./mnt/b/list.csv": "3",
    }
