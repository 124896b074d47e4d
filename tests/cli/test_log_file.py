"""A command without a log file says so once, and does its work."""

import subprocess
import sys
from pathlib import Path

import pytest

from dermaflow.errors import SourceError

COMMAND = """
import logging
from kedro.framework import project  # reads conf/logging.yml
from dermaflow.cli.project_command import ProjectCommand
from dermaflow.errors import SourceError

def command():
    for number in range(3):
        logging.getLogger("dermaflow").info("step %d", number)
    raise {error}("it went wrong")

ProjectCommand("command", callback=command)()
"""


def as_a_folder(folder):
    (folder / "logs/dermaflow.log").mkdir(parents=True)


def without_its_folder(folder):
    pass


def on_a_full_disk(folder):
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    (folder / "logs").mkdir()
    (folder / "logs/dermaflow.log").symlink_to("/dev/full")


def run(project_path, folder, error):
    """A command that raises an error, with the project's logging."""
    code = COMMAND.format(error=error)
    (folder / "conf").symlink_to(project_path / "conf")
    return subprocess.run((sys.executable, "-c", code), cwd=folder, capture_output=True, text=True)


@pytest.mark.parametrize("broken", [as_a_folder, without_its_folder, on_a_full_disk])
def test_a_log_file_that_cannot_be_written_is_one_line(project_path, tmp_path, broken):
    broken(tmp_path)
    done = run(project_path, tmp_path, "SourceError")
    lines = [line.split(maxsplit=1)[1] for line in done.stderr.splitlines()[:-1]]
    (warning,) = (line for line in lines if line.startswith("WARNING"))
    assert warning.startswith("WARNING Going on without a log file: [Errno ")
    assert [line for line in lines if line != warning] == [f"INFO    step {n}" for n in range(3)]
    assert done.stderr.splitlines()[-1] == "Error: it went wrong"
    assert done.returncode == SourceError.exit_code


def test_a_defects_traceback_is_shown_where_no_file_can_hold_it(project_path, tmp_path):
    as_a_folder(tmp_path)
    done = run(project_path, tmp_path, "ValueError")
    assert "Traceback (most recent call last)" in done.stderr
    last = done.stderr.splitlines()[-1]
    assert last == "Error: ValueError: it went wrong; its traceback is above"


def test_the_file_holds_the_traceback_otherwise(project_path, tmp_path):
    (tmp_path / "logs").mkdir()
    done = run(project_path, tmp_path, "ValueError")
    assert "Traceback" not in done.stderr
    assert "its traceback is in logs/dermaflow.log" in done.stderr
    assert "Traceback (most recent call last)" in (tmp_path / "logs/dermaflow.log").read_text()
