"""A user's command: what it is given, and that it cannot hold anything up."""

import contextlib
import os
import sys
import time

import psutil
import pytest

from dermaflow.io.hook_command import run_hook_command
from waiting import wait_until


def test_a_program_gets_its_arguments_its_variables_and_its_input_as_they_are(tmp_path):
    told = tmp_path / "told"
    script = (
        "import os, pathlib, sys; pathlib.Path('told').write_text("
        "'|'.join([*sys.argv[1:], os.environ['SAID'], sys.stdin.read()]), encoding='utf-8')"
    )
    command = [sys.executable, "-c", script, "$HOME; exit 3"]
    environment = os.environ | {"SAID": "ä"}
    assert run_hook_command(command, tmp_path, environment, 60, "{ü}\n") is None
    assert told.read_text(encoding="utf-8") == "$HOME; exit 3|ä|{ü}\n"


@pytest.mark.parametrize("stdin", [None, "x" * 1_000_000])
def test_one_that_reads_nothing_ends_well(tmp_path, stdin):
    assert run_hook_command(["true"], tmp_path, os.environ, 60, stdin) is None


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        (["false"], "exit code 1"),
        ("exit 3", "exit code 3"),
        (["no_such_program"], "[Errno 2] No such file or directory: 'no_such_program'"),
    ],
)
def test_it_says_what_went_wrong(tmp_path, command, problem):
    assert run_hook_command(command, tmp_path, os.environ, 60) == problem


def test_one_that_hangs_is_killed_with_all_that_it_started(tmp_path):
    began = time.monotonic()
    command = "sleep 600 & echo $! > pid; wait"
    problem = run_hook_command(command, tmp_path, os.environ, 0.5, "x" * 1_000_000)
    assert problem == "not done after 0.5 seconds, and killed"
    assert time.monotonic() - began < 30
    with contextlib.suppress(psutil.NoSuchProcess):
        process = psutil.Process(int((tmp_path / "pid").read_text()))
        wait_until(lambda: process.status() == psutil.STATUS_ZOMBIE)
