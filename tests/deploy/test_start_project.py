"""The start of a container: the project's folder first, then the command, in that folder."""

import os
import subprocess
import sys

import pytest

from dermaflow.errors import StorageError

START = [sys.executable, "-P", "-m", "dermaflow.deploy.start_project"]


@pytest.fixture
def image(tmp_path):
    folder = tmp_path / "image"
    (folder / "src/dermaflow").mkdir(parents=True)
    (folder / "pyproject.toml").write_text("[project]\n")
    (folder / "conf/base").mkdir(parents=True)
    (folder / "conf/base/mlflow.yml").write_text("images: 1\n")
    return folder


@pytest.fixture
def start(image, tmp_path):
    """Start a command on the volume, with a `kedro` that tells when it is called."""
    (tmp_path / "project").mkdir()
    (tmp_path / "bin").mkdir()
    kedro = tmp_path / "bin/kedro"
    kedro.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/kedro.log\nexit 3\n')
    kedro.chmod(0o755)
    environment = os.environ | {
        "DERMAFLOW_IMAGE": str(image),
        "PATH": f"{tmp_path}/bin:{os.environ['PATH']}",
    }

    def run(*command, folder=tmp_path / "project"):
        return subprocess.run(
            [*START, *command], cwd=folder, env=environment, capture_output=True, text=True
        )

    return run


def test_the_first_start_fills_the_folder_and_runs_the_command_there(start):
    done = start("sh", "-c", "cat conf/base/mlflow.yml; exit 7")
    assert (done.stdout, done.returncode) == ("images: 1\n", 7)
    assert done.stderr == "The project's folder was filled from the image: 1 files\n"
    again = start("true")
    assert (again.stdout, again.stderr, again.returncode) == ("", "", 0)


def test_an_upgrade_says_what_it_did_and_has_the_dvc_files_written_anew(start, image, tmp_path):
    start("true")
    assert not (tmp_path / "kedro.log").exists()
    (tmp_path / "project/conf/base/mlflow.yml").write_text("images: 2\n")
    (image / "conf/base/mlflow.yml").write_text("images: 3\n")
    (image / "conf/base/bench.yml").write_text("pairs: 2\n")
    done = start("cat", "conf/base/mlflow.yml")
    assert done.returncode == 0  # whatever became of the files of DVC, which have their own error
    assert done.stdout == "images: 2\n"
    assert done.stderr == (
        "The project's folder was renewed from the image: 1 files written, 0 removed\n"
        "conf/base/mlflow.yml was changed here and in the image: yours stays, the image's is "
        "conf/base/mlflow.yml.new\n"
    )
    assert (tmp_path / "kedro.log").read_text() == "dvc-yaml\n"


def test_a_volume_that_cannot_be_written_is_named(start, tmp_path):
    (tmp_path / "project/.seeded.lock").mkdir()
    done = start("true")
    assert done.returncode == StorageError.exit_code
    assert done.stderr.startswith(f"Error: {tmp_path}/project/.seeded.lock: Is a directory. Mount")


def test_a_module_of_the_users_in_the_folder_is_not_taken_for_pythons(start, tmp_path):
    (tmp_path / "project/subprocess.py").write_text("raise SystemExit('mine')\n")
    done = start("echo", "runs")
    assert (done.stdout, done.returncode) == ("runs\n", 0)
