"""Tags that say where a run comes from: environment, command, code and raw data."""

from __future__ import annotations

import logging
import os
import shlex
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from dermaflow.io.redaction import redact
from dermaflow.tracking.run_description import COMMIT, DIRTY, NONE, RAW, UNKNOWN
from dermaflow.versioning.dvc.dvc_stage import is_dvc_stage
from dermaflow.versioning.git import code_version, git_problem

logger = logging.getLogger(__name__)

LOGICAL_DATE = "DERMAFLOW_LOGICAL_DATE"  # variable: the date that a scheduler runs a command for
_ON_FAILURE = "--on-failure"  # option whose value may name a secret address

# How the package is called without Kedro's own command.
_PROGRAMS = {"__main__.py": ["python", "-m", "dermaflow"], "dermaflow": ["dermaflow"]}


def origin_tags(project_path: Path, env: str) -> dict[str, str]:
    """Tags that say where a run comes from: environment, command and code.

    A warning says why git does not know the code of a repository.
    """
    commit, dirty = code_version(project_path)
    problem = git_problem(project_path) if dirty is None else ""
    # Which has said it already.
    of_repro = is_dvc_stage(project_path) and "MLFLOW_RUN_ID" in os.environ
    if problem and not of_repro:
        logger.warning("The run will not say which code it ran: %s", problem)
    date = os.environ.get(LOGICAL_DATE)
    return ({"logical_date": date} if date else {}) | {
        "env": env,
        "command": command_line(),
        COMMIT: commit or (UNKNOWN if problem else NONE),
        DIRTY: UNKNOWN if dirty is None else str(dirty).lower(),
    }


def command_line() -> str:
    """The command that this process was called by, without secrets."""
    program, *arguments = sys.argv
    words = _PROGRAMS.get(Path(program).name, ["kedro"])
    return shlex.join([*words, *_without_hook(arguments)])


def _without_hook(arguments: Sequence[str]) -> Iterator[str]:
    """Arguments without secrets; what is to be done on failure is no matter of the run."""
    is_hook = False
    for argument in arguments:
        if not is_hook and argument != _ON_FAILURE and not argument.startswith(f"{_ON_FAILURE}="):
            yield redact(argument)
        is_hook = not is_hook and argument == _ON_FAILURE


def raw_tags(versions: Mapping[str, str]) -> dict[str, str]:
    """Tags that name the raw data: by the names of files, which are the same on all machines.

    Args:
        versions: path -> hash.
    """
    names = Counter(Path(path).name for path in versions)
    return {
        f"{RAW}{path if names[Path(path).name] > 1 else Path(path).name}": value
        for path, value in versions.items()
    }
