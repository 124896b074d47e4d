"""The command of --on-failure: what it knows, and that it harms nothing."""

import contextlib
import time

import psutil
import pytest

from dermaflow.cli import failure_hook
from dermaflow.cli.failure_hook import Failure, run_hook
from waiting import wait_until

FAILURE = Failure(9, {"message": 'it\'s "busy"', "run_id": "a1"})


@pytest.fixture(autouse=True)
def _in_a_project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_it_is_a_shell_command_in_the_projects_folder_that_knows_the_failure(tmp_path, monkeypatch):
    monkeypatch.setenv("DERMAFLOW_ON_FAILURE", "once is enough")
    monkeypatch.setenv("DERMAFLOW_TIME_LIMIT", "8h")
    run_hook("pwd > told; cat >> told; env | grep ^DERMAFLOW_ | sort >> told", FAILURE)
    folder, *variables = (tmp_path / "told").read_text().splitlines()
    assert folder == str(tmp_path)
    assert dict(line.split("=", 1) for line in variables) == {
        "DERMAFLOW_EXIT_CODE": "9",
        "DERMAFLOW_FAILED_MESSAGE": 'it\'s "busy"',
        "DERMAFLOW_FAILED_RUN_ID": "a1",
        "DERMAFLOW_FAILED_RUN_URL": "",
        "DERMAFLOW_FAILED_COMMAND": "",
        "DERMAFLOW_FAILED_ENV": "",
        "DERMAFLOW_FAILED_STAGES": "",
    }


@pytest.mark.parametrize(
    ("command", "problem"), [("exit 3", "exit code 3"), ("no_such_command", "exit code 127")]
)
def test_its_own_failure_is_a_warning(command, problem, capfd):
    run_hook(command, FAILURE)
    assert f"Warning: the command of --on-failure: {problem}" in capfd.readouterr().err


def test_one_that_hangs_is_killed_with_all_that_it_started(tmp_path, monkeypatch, capfd):
    monkeypatch.setattr(failure_hook, "SECONDS", 0.5)
    began = time.monotonic()
    run_hook("sleep 600 & echo $! > pid; wait", FAILURE)
    assert time.monotonic() - began < 30
    assert "not done after 0.5 seconds, and killed" in capfd.readouterr().err
    pid = int((tmp_path / "pid").read_text())
    with contextlib.suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        wait_until(lambda: process.status() == psutil.STATUS_ZOMBIE)


def test_it_is_in_the_log_of_the_run(capfd):
    run_hook("echo told", FAILURE)
    assert capfd.readouterr().out == "told\n"
