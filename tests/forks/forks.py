"""Programs that are run many times a minute and killed at any change of a file."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Ended:
    """A run that has ended: its status, as of ``subprocess``, its output, and what it changed.

    ``seconds`` are those from its first change on.
    """

    status: int
    output: str
    changes: list[str]
    seconds: float


def compile_shim(folder):
    """The library of ``kill_at_write.c``."""
    shim = folder / "kill_at_write.so"
    command = ("cc", "-shared", "-fPIC", "-O1", "-o", shim, HERE / "kill_at_write.c", "-ldl")
    subprocess.run(command, check=True)
    return shim


class Forks:
    """A process that forks programs, which need not import all they need each time.

    Args:
        folder: where they run; of what they change in its ``watched`` parts, each change counts.
        watched: files and folders, relative to ``folder``.
        environment: of the process.
        scratch: an empty folder, for what is kept outside ``folder``.
    """

    def __init__(self, folder, watched, environment, scratch):
        self.folder, self._watched, self._scratch = folder, watched, scratch
        shim = compile_shim(scratch)
        one_thread = {"OMP_NUM_THREADS": "1", "JE_ARROW_MALLOC_CONF": "background_thread:false"}
        self._server = subprocess.Popen(
            (sys.executable, HERE / "fork_server.py", shim),
            cwd=folder,
            env=environment | one_thread | {"LD_PRELOAD": str(shim)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def close(self):
        self._server.stdin.close()
        self._server.wait()

    def run(self, *arguments, at=0, what="kill", kill_after=None, warm=False):
        """Run a program; see ``fork_server`` for what may happen to it."""
        command = {
            "arguments": arguments,
            "output": str(self._scratch / "output"),
            "changes": str(self._scratch / "changes"),
            "watched": [str(self.folder / folder) for folder in self._watched],
            "at": at,
            "what": what,
            "kill_after": kill_after,
            "modules": str(self._scratch / "modules") if warm else None,
        }
        self._server.stdin.write(json.dumps(command) + "\n")
        self._server.stdin.flush()
        answer = json.loads(self._server.stdout.readline())
        output, changes = (Path(command[name]).read_text() for name in ("output", "changes"))
        lines = [line.replace(f"{self.folder}/", "") for line in changes.splitlines()]
        return Ended(answer["status"], output, lines, answer["seconds"])
