"""Runs commands in forks of one process, which has imported what earlier ones imported.

It reads commands from standard input and answers each on standard output, JSON a line::

    {"arguments": ["kedro", "run"], "folder": "/a/folder", "environment": {"PATH": "/bin"},
     "output": "/a/file", "own": ["dermaflow"], "event": null}
    {"status": 0, "seconds": 1.5, "cpu_seconds": 1.7}

A program is ``kedro``, ``dvc`` or the path of a Python file; its output goes to a file. Before the
next command the process imports the modules that this one has imported, but for its
``own``, whose names begin so and which depend on the folder.

An event is what happens to a command, for which ``kill_at_write.c`` must be preloaded::

    {"at": 17, "what": "kill", "kill_after": null, "changes": "/a/file", "watched": ["/a/folder"]}

At change ``at`` of the watched files happens ``what``: ``kill``, ``tear`` (half of a write is done
before) or ``fill`` (there is no room from there on). ``kill_after`` are seconds from the first
change, after which the command is killed wherever it is. A line for each change goes to
``changes``, and ``seconds`` are those from the first one on.
"""

import atexit
import contextlib
import ctypes
import importlib
import json
import os
import runpy
import signal
import sys
import threading
import time
import traceback
from pathlib import Path

WHAT = ("kill", "tear", "fill")


def fork(command, imported, shim):
    """Start a command in a fork, which writes what it imports to a file; returns its process id."""
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        os.chdir(command["folder"])
        os.environ.clear()
        os.environ.update(command["environment"])
        output = os.open(command["output"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        for stream in (1, 2):
            os.dup2(output, stream)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        if command["event"]:
            arm(command["event"], shim)
        try:
            status = run_program(command["arguments"])
        finally:
            Path(imported).write_text("\n".join(sys.modules))
        threading._shutdown()  # as an interpreter that ends: others may still be at work
        atexit._run_exitfuncs()
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def arm(event, shim):
    """Have the event happen to this process."""
    watched = [os.fsencode(folder) for folder in event["watched"]]
    changes = os.open(event["changes"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    names = (ctypes.c_char_p * (len(watched) + 1))(*watched, None)
    shim.arm(ctypes.c_long(event["at"]), WHAT.index(event["what"]), names, changes)


def run_program(arguments):
    """What a command does; returns its exit status."""
    sys.argv = arguments
    try:
        if arguments[0] == "kedro":
            from kedro.framework.cli.cli import main

            main()
        elif arguments[0] == "dvc":
            from dvc.cli import main

            return main(arguments[1:])
        else:
            runpy.run_path(arguments[0], run_name="__main__")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else bool(end.code)
    return 0


def wait(child, event):
    """Wait for the end of a fork, or bring it about.

    Returns its status, as ``subprocess`` does, the seconds since its first change, and its
    CPU-seconds, those of its own children among them.
    """
    began = None if event else time.monotonic()
    changes = Path(event["changes"]) if event else None
    while True:
        ended, code, used = os.wait4(child, os.WNOHANG if event else 0)
        seconds = time.monotonic() - began if began else 0
        if ended:
            return os.waitstatus_to_exitcode(code), seconds, used.ru_utime + used.ru_stime
        if began is None and changes.exists() and changes.stat().st_size:
            began = time.monotonic()
        if event["kill_after"] is not None and began and seconds >= event["kill_after"]:
            os.kill(child, signal.SIGKILL)
            event = None
        time.sleep(0.002)


def import_all(modules, own):
    """Import what forks are going to need, but for what they must import themselves."""
    for name in modules:
        if name not in sys.modules and not name.startswith(tuple(own)):
            with contextlib.suppress(Exception):
                importlib.import_module(name)
    threads = threading.active_count()
    if Path("/proc/self/task").exists():
        threads = len(list(Path("/proc/self/task").iterdir()))
    assert threads == 1, f"{threads} threads, but only a process with one can be forked"


def main():
    """Answer commands until there are no more."""
    imported, shim = sys.argv[1], ctypes.CDLL(sys.argv[2]) if sys.argv[2:] else None
    sys.path.pop(0)  # this file's folder, which no command has
    for line in sys.stdin:
        command = json.loads(line)
        Path(imported).unlink(missing_ok=True)
        if command["event"]:
            Path(command["event"]["changes"]).unlink(missing_ok=True)
        status, seconds, cpu = wait(fork(command, imported, shim), command["event"])
        if Path(imported).exists():
            import_all(Path(imported).read_text().split("\n"), command["own"])
        answer = {"status": status, "seconds": seconds, "cpu_seconds": cpu}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
