"""Runs programs in forks of one process that has imported all they need.

It reads commands from standard input and answers each on standard output, JSON a line::

    {"arguments": ["kedro", "run"], "output": "/a/file", "changes": "/a/file",
     "watched": ["/a/folder"], "at": 17, "what": "kill", "kill_after": null, "modules": null}
    {"status": -9, "seconds": 1.5}

At change ``at``, counted by ``kill_at_write.c``, which must be preloaded, happens ``what``:
``kill``, ``tear`` (half of a write is done before) or ``fill`` (there is no room from there on).
``kill_after`` are seconds from the first change, after which the command is killed wherever it is.
A program is ``kedro`` or the path of a Python file.
The output goes to the file ``output``, a line for each change to ``changes``, and to ``modules``
the names of all that the command has imported.
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
import time
import traceback
from pathlib import Path

WHAT = ("kill", "tear", "fill")


def fork(command, shim):
    """Start a command in a fork; returns its process id."""
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        output = os.open(command["output"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        for stream in (1, 2):
            os.dup2(output, stream)
        watched = [os.fsencode(folder) for folder in command["watched"]]
        changes = os.open(command["changes"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        names = (ctypes.c_char_p * (len(watched) + 1))(*watched, None)
        shim.arm(ctypes.c_long(command["at"]), WHAT.index(command["what"]), names, changes)
        status = run_program(command["arguments"])
        if command["modules"]:
            Path(command["modules"]).write_text("\n".join(sys.modules))
        atexit._run_exitfuncs()
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def run_program(arguments):
    """What a command does; returns its exit status."""
    sys.argv = arguments
    try:
        if arguments[0] == "kedro":
            from kedro.framework.cli.cli import main

            main()
        else:
            runpy.run_path(arguments[0], run_name="__main__")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else bool(end.code)
    return 0


def wait(child, command):
    """Wait for the end of a fork, or bring it about.

    Returns its status, as ``subprocess`` does, and the seconds since its first change.
    """
    changes = Path(command["changes"])
    status = begun = None
    while status is None:
        time.sleep(0.002)
        ended, code = os.waitpid(child, os.WNOHANG)
        status = os.waitstatus_to_exitcode(code) if ended else None
        if begun is None and changes.exists() and changes.stat().st_size:
            begun = time.monotonic()
        seconds = time.monotonic() - begun if begun else 0
        late = command["kill_after"] is not None and begun and seconds >= command["kill_after"]
        if status is None and late:
            os.kill(child, signal.SIGKILL)
            return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), seconds
    return status, seconds


def import_all(modules):
    """Import what forks are going to need."""
    for name in modules:
        with contextlib.suppress(Exception):
            importlib.import_module(name)
    threads = len(list(Path("/proc/self/task").iterdir()))
    assert threads == 1, f"{threads} threads, but only a process with one can be forked"


def main():
    """Answer commands until there are no more."""
    shim = ctypes.CDLL(sys.argv[1])
    for line in sys.stdin:
        command = json.loads(line)
        Path(command["changes"]).unlink(missing_ok=True)
        status, seconds = wait(fork(command, shim), command)
        if command["modules"]:
            import_all(Path(command["modules"]).read_text().split("\n"))
        sys.stdout.write(json.dumps({"status": status, "seconds": seconds}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
