"""``python -m dermaflow.deploy.start_project COMMAND``: what the image `pipeline` starts with.

It sees to the project's folder, which is the working folder, and runs the command there.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from dermaflow.deploy.init_process import run_command
from dermaflow.deploy.seed_project import NEW, Seeding, seed_project
from dermaflow.errors import StorageError

_WRITE_DVC_FILES = ("kedro", "dvc-yaml")


def start(command: list[str], environment: Mapping[str, str] = os.environ) -> int:
    """Fill or renew the project's folder, then run the command.

    Args:
        command: with its arguments.
        environment: names the folder in the image, ``DERMAFLOW_IMAGE``.

    Returns:
        The command's exit code.
    """
    project = Path.cwd()
    try:
        done = seed_project(Path(environment["DERMAFLOW_IMAGE"]), project)
    except OSError as error:
        _say(
            f"Error: {error.filename or project}: {error.strerror}. Mount a volume at {project} "
            f"that uid {os.getuid()} or group {os.getgid()} may write to"
        )
        return StorageError.exit_code
    _tell(done)
    if done.upgraded:
        # They list the code of each stage.
        subprocess.run(_WRITE_DVC_FILES, stdout=subprocess.DEVNULL, check=False)
    return run_command(command)


def _tell(done: Seeding) -> None:
    if done.first:
        _say(f"The project's folder was filled from the image: {len(done.written)} files")
    elif done.upgraded:
        _say(
            f"The project's folder was renewed from the image: {len(done.written)} files written, "
            f"{len(done.removed)} removed"
        )
    for name in done.kept:
        _say(f"{name} was changed here and in the image: yours stays, the image's is {name}{NEW}")


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(start(sys.argv[1:]))
