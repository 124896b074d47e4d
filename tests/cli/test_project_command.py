"""Tests for how a command of the project ends."""

import subprocess
import sys

import pytest

# The callback is where the interrupt falls: what it raises Python prints and forgets.
INTERRUPTED_IN_A_CALLBACK = """
import os, signal, time, weakref
# Where tests run in the background, or under nohup, they are ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)
from dermaflow.cli.project_command import ProjectCommand

class Thing: pass

def asked_to_end(_):
    os.kill(os.getpid(), signal.{name})
    for _ in range(1000): pass
    print("the callback went on")

def command():
    thing = Thing()
    reference = weakref.ref(thing, asked_to_end)
    del thing
    print("the interrupt was lost", flush=True)
    time.sleep(30)
    print("the command went on", flush=True)

ProjectCommand("command", callback=command)()
"""


@pytest.mark.parametrize(
    ("name", "exit_code"), [("SIGTERM", 143), ("SIGINT", 130), ("SIGHUP", 129)]
)
def test_an_interrupt_that_falls_into_a_callback_still_ends_the_command(name, exit_code):
    code = INTERRUPTED_IN_A_CALLBACK.format(name=name)
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=25, check=False
    )
    assert (done.returncode, done.stdout) == (exit_code, "the interrupt was lost\n"), done.stderr
    assert done.stderr == "Interrupted\n"


def test_a_signal_of_which_a_library_makes_an_error_of_its_own_still_ends_the_command_as_such():
    code = (
        "import os, signal\n"
        "from dermaflow.cli.project_command import ProjectCommand\n"
        "def command():\n"
        "    try: os.kill(os.getpid(), signal.SIGTERM)\n"
        "    except BaseException: raise ValueError('half done') from None\n"
        "ProjectCommand('command', callback=command)()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (143, "Interrupted\n")


def test_a_terminal_that_is_closed_does_not_end_what_nohup_started():
    code = (
        "import os, signal\n"
        "from dermaflow.cli.project_command import ProjectCommand\n"
        "signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
        "def work(): os.kill(os.getpid(), signal.SIGHUP); print('the work goes on')\n"
        "ProjectCommand('command', callback=work)()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "the work goes on\n"), done.stderr


def test_a_project_in_which_kedro_finds_no_configuration_is_refused(tmp_path):
    folder = tmp_path / "project [1]"
    folder.mkdir()
    (folder / "pyproject.toml").write_text("[tool.kedro]\n")
    code = (
        "from dermaflow.cli.project_command import ProjectCommand\n"
        "ProjectCommand('command', callback=print)()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 3
    assert "project [1]: Kedro finds no configuration in a folder whose path holds" in done.stderr


def test_the_line_that_ends_a_command_holds_no_secret():
    code = (
        "from dermaflow.cli.project_command import ProjectCommand\n"
        "def fail(): raise ValueError('no postgresql://ward:hunter2@db/runs')\n"
        "ProjectCommand('command', callback=fail)()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("Error: ValueError: no postgresql://ward:***@db/runs;")
