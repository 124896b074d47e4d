"""The first process of a container: signals, exit codes, and what others leave behind."""

import signal
import subprocess
import sys

import psutil
import pytest

from dermaflow.deploy.init_process import run_below, run_command
from waiting import read_until, wait_until

RUN_BELOW = """
import sys
from dermaflow.deploy.init_process import run_below
sys.exit(run_below(sys.argv[1:]))
"""
# Says that it is there, then what it was sent.
CHILD = """
import signal, sys, time
def told(number, _):
    print(signal.Signals(number).name, flush=True)
    sys.exit(5)
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1):
    signal.signal(number, told)
print("ready", flush=True)
time.sleep(60)
"""


def start(*command):
    return subprocess.Popen(
        [sys.executable, "-c", RUN_BELOW, *command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("number", ["SIGTERM", "SIGINT", "SIGHUP", "SIGUSR1"])
def test_signals_reach_the_command_and_its_exit_code_comes_back(number):
    process = start(sys.executable, "-c", CHILD)
    read_until(process, "ready")
    process.send_signal(signal.Signals[number])
    said, _ = process.communicate(timeout=30)
    assert (said, process.returncode) == (f"{number}\n", 5)


def test_a_command_without_a_handler_is_ended_by_the_signal():
    process = start("sh", "-c", "echo ready; exec sleep 60")
    read_until(process, "ready")
    process.terminate()
    assert process.wait(timeout=30) == 128 + signal.SIGTERM


def test_the_command_gets_the_signals_that_it_would_get_by_itself():
    """None of those that wait in the first process waits in the command."""
    process = start(sys.executable, "-c", "import signal; print(signal.pthread_sigmask(0, []))")
    assert process.communicate()[0] == "set()\n"


def test_what_the_command_leaves_behind_is_reaped():
    """In a container orphans come to process 1; here a subreaper stands for it."""
    subreaper = "import ctypes; ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)\n"
    process = subprocess.Popen(
        [sys.executable, "-c", subreaper + RUN_BELOW, "sh", "-c", "(sleep 0.1 &) ; exec sleep 60"]
    )
    here = psutil.Process(process.pid)
    names = wait_until(lambda: [c.name() for c in here.children()] == ["sleep"] * 2, process)
    assert names
    wait_until(lambda: len(here.children()) == 1, process)
    process.terminate()
    assert process.wait(timeout=30) == 128 + signal.SIGTERM


def test_another_process_than_the_first_becomes_the_command():
    code = (
        "import os, sys\n"
        "from dermaflow.deploy.init_process import run_command\n"
        "print(os.getpid(), flush=True)\n"
        "run_command(['sh', '-c', 'echo $$'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    first, second = done.stdout.split()
    assert first == second


def test_a_command_that_cannot_be_run_is_answered_as_a_shell_would(tmp_path, capsys):
    assert run_command([str(tmp_path / "nothing")]) == 127
    assert run_command([str(tmp_path)]) == 126
    said = capsys.readouterr().err
    assert said == f"{tmp_path}/nothing: No such file or directory\n{tmp_path}: Permission denied\n"
    with pytest.raises(FileNotFoundError):
        run_below([str(tmp_path / "nothing")])
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == set()
