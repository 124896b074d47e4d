"""A command under a time limit: what it ends with, and what is left of its processes."""

import os
import shutil
import signal
import subprocess
import sys

import psutil
import pytest

from waiting import wait_until

COMMAND = """
import ctypes, os, signal, subprocess, sys, time
from pathlib import Path
from dermaflow.cli.scheduled_command import ScheduledCommand
from dermaflow.io.supervised import tell_supervisor

def work():
    {work}

ScheduledCommand("work", callback=work)()
"""
# Neither a signal nor another thread gets a hearing: `PyDLL` keeps Python's lock.
HANGS = """
    child = subprocess.Popen(["sleep", "600"], start_new_session=True)
    Path("pids").write_text(f"{os.getpid()} {child.pid}")
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
    ctypes.PyDLL(None).sleep(600)
"""
WRITES_WHAT_IT_IS_TOLD = "env | grep '^DERMAFLOW_' | sort > told"


def _hear_signals():
    """Where the tests run in the background, Ctrl-C and a closed terminal are ignored."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


@pytest.fixture
def start(tmp_path, project_path):
    """Start a command whose body is given."""
    (tmp_path / "conf").mkdir()
    shutil.copy(project_path / "conf/logging.yml", tmp_path / "conf")
    (tmp_path / "logs").mkdir()
    started = []

    def start(work, *arguments, **variables):
        code = COMMAND.format(work=work.strip())
        process = subprocess.Popen(
            [sys.executable, "-c", code, *arguments],
            cwd=tmp_path,
            env=os.environ | variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=_hear_signals,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()


def told(folder):
    """What the command of --on-failure was told."""
    lines = (folder / "told").read_text().splitlines()
    return dict(line.removeprefix("DERMAFLOW_").split("=", 1) for line in lines)


def test_a_command_is_asked_to_stop_at_its_limit_and_can_finish_what_it_does(start, tmp_path):
    work = """
    try:
        time.sleep(60)
    finally:
        print("checkpoint")"""
    process = start(work, "--time-limit", "0.5s", "--on-failure", WRITES_WHAT_IT_IS_TOLD)
    output, error = process.communicate(timeout=30)
    assert (process.returncode, output) == (17, "checkpoint\n")
    assert error == (
        "Error: the time limit of 0.5s was reached; the same command goes on where it stopped\n"
    )
    assert told(tmp_path)["EXIT_CODE"] == "17"
    assert told(tmp_path)["FAILED_MESSAGE"] == error.strip()


def test_a_command_that_ends_in_time_ends_as_it_does_without_a_limit(start, tmp_path):
    hook = ("--on-failure", "touch told")
    for work, code in (("print('done')", 0), ("raise KeyError('seven')", 1), ("sys.exit(9)", 9)):
        process = start(work, "--time-limit", "1h", *hook)
        output, error = process.communicate(timeout=30)
        assert process.returncode == code, error
        assert (tmp_path / "told").exists() is (code != 0)
    assert "KeyError" not in output


def test_one_that_hangs_in_c_is_killed_with_all_that_it_started(start, tmp_path):
    limit = ("--time-limit", "1", "--grace-period", "0.5")
    process = start(HANGS, *limit, "--on-failure", WRITES_WHAT_IT_IS_TOLD)
    _, error = process.communicate(timeout=30)
    assert process.returncode == 17
    said = "the time limit of 1 was reached and the run did not stop within 0.5: it was killed"
    assert said in error
    pids = [int(pid) for pid in (tmp_path / "pids").read_text().split()]
    assert len(pids) == 2
    assert not any(map(is_alive, pids))
    assert told(tmp_path)["FAILED_MESSAGE"].startswith(f"Error: {said}")


def test_what_outlives_a_command_that_was_stopped_is_killed(start, tmp_path):
    work = """
    child = subprocess.Popen(["sleep", "600"])
    Path("pid").write_text(str(child.pid))
    child.wait()"""
    process = start(work, "--time-limit", "1")
    process.communicate(timeout=30)
    assert process.returncode == 17
    assert not is_alive(int((tmp_path / "pid").read_text()))


def is_alive(pid):
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGHUP, 129)],
)
def test_a_signal_reaches_the_command_once(start, number, code):
    work = """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        print("works", flush=True)
        time.sleep(60)
    except KeyboardInterrupt:
        time.sleep(0.5)  # a second one would end this
        print("in order")
        raise"""
    process = start(work, "--time-limit", "1h")
    assert process.stdout.readline() == "works\n"
    process.send_signal(number)
    output, error = process.communicate(timeout=30)
    assert (process.returncode, output) == (code, "in order\n"), error
    assert error.startswith("Interrupted: the same command goes on")


HOLDS_BACK = """
    from dermaflow.ml.processes.interrupts import interrupts_held_back
    with interrupts_held_back() as end:
        print("works", flush=True)
        while not end:
            time.sleep(0.01)
        print("asked", flush=True)
        time.sleep(1.5)
        print("checkpoint", flush=True)"""


def test_a_signal_to_all_processes_is_one_signal(start):
    """As of systemd, unless a unit says otherwise, and of Slurm."""
    process = start(HOLDS_BACK, "--time-limit", "1h")
    assert process.stdout.readline() == "works\n"
    (command,) = psutil.Process(process.pid).children()
    process.terminate()
    command.terminate()
    output, error = process.communicate(timeout=30)
    assert (process.returncode, output) == (143, "asked\ncheckpoint\n"), error


def test_whoever_asks_twice_does_not_wait_for_a_checkpoint(start):
    process = start(HOLDS_BACK.replace("1.5", "60"), "--time-limit", "1h")
    assert process.stdout.readline() == "works\n"
    process.terminate()
    assert process.stdout.readline() == "asked\n"
    process.terminate()
    output, error = process.communicate(timeout=30)
    assert (process.returncode, output) == (143, ""), error


def test_a_command_that_the_system_kills_is_told_of(start, tmp_path):
    work = """
    tell_supervisor(run_id="a1", run_url="https://mlflow/#/runs/a1")
    os.kill(os.getpid(), signal.SIGKILL)"""
    process = start(work, DERMAFLOW_ON_FAILURE=WRITES_WHAT_IT_IS_TOLD)
    process.communicate(timeout=30)
    assert process.returncode == 137
    facts = told(tmp_path)
    assert facts["FAILED_MESSAGE"] == "the process was killed by SIGKILL"
    assert (facts["FAILED_RUN_ID"], facts["FAILED_RUN_URL"]) == ("a1", "https://mlflow/#/runs/a1")
    assert "ON_FAILURE" not in facts  # else a run that the hook starts calls it again


def test_a_command_does_not_outlive_its_supervisor(start, tmp_path):
    work = """
    Path("pid").write_text(str(os.getpid()))
    time.sleep(60)"""
    process = start(work, "--time-limit", "1h")
    pid = tmp_path / "pid"
    wait_until(lambda: pid.exists() and pid.read_text())
    process.kill()
    wait_until(lambda: not is_alive(int(pid.read_text())))
