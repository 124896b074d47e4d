"""Commands in forks of one process, which need not import all they need each time."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from cpu_time import count_fork, cpu_seconds

HERE = Path(__file__).parent
# A process that is forked must have one thread.
ALONE = {"OMP_NUM_THREADS": "1", "JE_ARROW_MALLOC_CONF": "background_thread:false"}


@dataclass(frozen=True)
class Ended:
    """A run that has ended: its status, as of ``subprocess``, its output, and what it changed.

    ``seconds`` are those from its first change on, if an event was to happen, else all.
    """

    status: int
    output: str
    changes: list[str]
    seconds: float


class Forks:
    """The process that forks.

    Args:
        scratch: an empty folder, for what is kept outside of where commands run.
        own: beginnings of the names of modules that each fork imports anew, as they depend on
            its folder.
        environment: of the process.
        folder: where it runs, if not in ``scratch``.
        shim: ``kill_at_write.c`` as a library, where events are to happen.
    """

    def __init__(self, scratch, own, environment, folder=None, shim=None):
        self._scratch, self._own, self._environment = scratch, own, dict(environment) | ALONE
        preloaded = {"LD_PRELOAD": str(shim)} if shim else {}
        arguments = (scratch / "imported", *([shim] if shim else []))
        self._server = subprocess.Popen(
            (sys.executable, HERE / "server.py", *arguments),
            cwd=folder or scratch,
            env=self._environment | preloaded,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def close(self):
        before = cpu_seconds()
        self._server.stdin.close()
        self._server.wait()
        # Its forks have been counted, and what it imported is not the last test's.
        count_fork(before - cpu_seconds())

    def run(self, folder, arguments, environment=None, event=None):
        """Run a command in a folder; see ``server`` for what may happen to it."""
        output, changes = self._scratch / "output", self._scratch / "changes"
        command = {
            "arguments": [str(argument) for argument in arguments],
            "folder": str(folder),
            "environment": self._environment if environment is None else environment | ALONE,
            "output": str(output),
            "own": self._own,
            "event": event and {"changes": str(changes)} | event,
        }
        self._server.stdin.write(json.dumps(command) + "\n")
        self._server.stdin.flush()
        answer = json.loads(self._server.stdout.readline())
        count_fork(answer["cpu_seconds"])
        lines = changes.read_text().splitlines() if event else []
        return Ended(answer["status"], output.read_text(), lines, answer["seconds"])


class KilledForks:
    """Programs of one folder that can be killed at any change of a file, many times a minute.

    Args:
        folder: where they run; of what they change in its ``watched`` parts, each change counts.
        watched: files and folders, relative to ``folder``.
        environment: of the programs.
        scratch: an empty folder, for what is kept outside ``folder``.
    """

    def __init__(self, folder, watched, environment, scratch):
        self.folder, self._watched = folder, [str(folder / name) for name in watched]
        self._forks = Forks(scratch, [], environment, folder, compile_shim(scratch))

    def close(self):
        self._forks.close()

    def run(self, *arguments, at=0, what="kill", kill_after=None):
        """Run a program; see ``server`` for what may happen to it."""
        event = {"at": at, "what": what, "kill_after": kill_after, "watched": self._watched}
        ended = self._forks.run(self.folder, arguments, event=event)
        lines = [line.replace(f"{self.folder}/", "") for line in ended.changes]
        return Ended(ended.status, ended.output, lines, ended.seconds)


def compile_shim(folder):
    """The library of ``kill_at_write.c``."""
    shim = folder / "kill_at_write.so"
    command = ("cc", "-shared", "-fPIC", "-O1", "-o", shim, HERE / "kill_at_write.c", "-ldl")
    subprocess.run(command, check=True)
    return shim
