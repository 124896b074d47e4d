"""The command that a user wants to be run when a run fails."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

import click

from dermaflow.cli.project import project_root
from dermaflow.io.hook_command import run_hook_command

SECONDS = 60  # that the hook may take
ON_FAILURE = "DERMAFLOW_ON_FAILURE"
TIME_LIMIT = "DERMAFLOW_TIME_LIMIT"
FACTS = ("message", "command", "env", "stages", "run_id", "run_url")


@dataclass(frozen=True)
class Failure:
    """A command that failed.

    Attributes:
        exit_code: of the command.
        facts: some of FACTS, without secrets.
    """

    exit_code: int
    facts: Mapping[str, str]

    def variables(self) -> dict[str, str]:
        """Environment variables of the hook; what is not known is empty."""
        facts = {f"DERMAFLOW_FAILED_{name.upper()}": self.facts.get(name, "") for name in FACTS}
        return {"DERMAFLOW_EXIT_CODE": str(self.exit_code), **facts}


def run_hook(command: str, failure: Failure) -> None:
    """Run a shell command in the project's root. Its own failure is no more than a warning."""
    # A command of ours that the hook gives must not call the hook again.
    inherited = {k: v for k, v in os.environ.items() if k not in (ON_FAILURE, TIME_LIMIT)}
    environment = {**inherited, **failure.variables()}
    problem = run_hook_command(command, project_root(), environment, SECONDS)
    if problem:
        click.secho(f"Warning: the command of --on-failure: {problem}", fg="yellow", err=True)
