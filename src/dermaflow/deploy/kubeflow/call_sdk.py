"""Calls of what needs Kubeflow's SDK, in the environment that has it."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from dermaflow.errors import EngineError

ENVIRONMENT = Path(".venv-kubeflow")
PYTHON = "DERMAFLOW_KUBEFLOW_PYTHON"  # variable that names another interpreter

Command = Literal["compile", "check", "trainjob", "run", "schedule", "status"]


def call_sdk(project_path: Path, command: Command, request: Mapping[str, Any]) -> dict[str, Any]:
    """Have a request answered; both are JSON.

    Raises:
        EngineError: the environment is missing, or the SDK or Kubeflow refuses.
    """
    done = subprocess.run(
        [_python(project_path), "-P", "-m", "kubeflow_sdk.answer_request", command],
        input=json.dumps(request),
        capture_output=True,
        text=True,
        # Nothing of this environment may be imported there.
        env=_without_python(os.environ) | {"PYTHONPATH": str(Path(__file__).parent)},
    )
    try:
        answer: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        raise EngineError(f"Kubeflow's SDK failed: {last}") from None
    if "error" in answer:
        raise EngineError(f"Kubeflow: {answer['error']}")
    return answer


def _python(project_path: Path) -> str:
    named = os.environ.get(PYTHON)
    python = Path(named) if named else project_path / ENVIRONMENT / "bin" / "python"
    if not python.exists():
        raise EngineError(
            f"there is no {python}: `make kubeflow` installs Kubeflow's SDK, which cannot live in "
            f"the project's own environment; {PYTHON} names the interpreter of another"
        )
    return str(python)


def _without_python(variables: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in variables.items() if not name.startswith("PYTHON")}
