"""``dvc repro`` of an environment's chain."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dermaflow.schema import DRAWINGS, STAGES
from dermaflow.versioning.dvc.internals import keep_site_cache
from dermaflow.versioning.git import git_environment


@dataclass(frozen=True)
class DvcRepro:
    """``dvc repro`` of an environment.

    Attributes:
        project_path: root of the project.
        file: the environment's ``dvc.yaml``.
        variables: of its processes.
    """

    project_path: Path
    file: Path
    variables: Mapping[str, str]

    def run_all(self, arguments: Sequence[str], could_not_draw: Callable[[], bool]) -> int:
        """Run ``dvc repro``, and go on where a picture could not be drawn: it stops no stage.

        DVC's own ``--keep-going`` would also go on after Ctrl-C, and register a model that nobody
        could explain.

        Returns:
            Its exit code.
        """
        name = str(self.file.relative_to(self.project_path))
        if any(not argument.startswith("-") for argument in arguments):  # stages of one's choice
            return self.run(arguments)
        code = self.run([*arguments, name])
        if not code or not could_not_draw():
            return code
        options = [argument for argument in arguments if argument not in ("-f", "--force")]
        if self.run([*options, *(f"{name}:{stage}" for stage in STAGES)]) == 0:
            for drawing in (DRAWINGS[stage] for stage in STAGES if stage in DRAWINGS):
                self.run([*options, f"{name}:{drawing}"])
        return code

    def run(self, arguments: Sequence[str]) -> int:
        """Run ``dvc repro`` with these arguments; its exit code."""
        # DVC runs `kedro` by its name.
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
        dvc = [sys.executable, "-m", "dermaflow.versioning.dvc.dvc_main"]
        # A run that commits, or `dvc status`, holds DVC's lock for longer than DVC itself waits.
        command = [*dvc, "--wait-for-lock", "repro", *arguments]
        environment = {**git_environment(), "PATH": path, **self.variables}
        keep_site_cache(self.project_path)
        # A session of its own, so that an interrupt, whoever sends it and how, reaches the stage
        # once; a shell's background job would pass on to it that it ignores them.
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        with subprocess.Popen(
            command, cwd=self.project_path, env=environment, start_new_session=True
        ) as process:
            signal.signal(signal.SIGINT, before)
            try:
                return process.wait()
            except BaseException:
                os.killpg(process.pid, signal.SIGINT)
                process.wait()  # DVC waits for its stage, which ends its own part of the run
                raise
