"""``python -m kubeflow_sdk.answer_request COMMAND``: JSON in, by standard input, and JSON out."""

import json
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from typing import Any

from kubeflow_sdk.check_spec import SpecError, check_spec
from kubeflow_sdk.check_train_job import write_train_job
from kubeflow_sdk.compile_pipeline import compile_pipeline
from kubeflow_sdk.kubeflow_api import ApiError, schedule, status, submit


def _check(request: dict[str, Any]) -> dict[str, Any]:
    return {"errors": [_error_of(text) for text in request["texts"]]}


def _error_of(text: str) -> str | None:
    try:
        check_spec(text)
    except SpecError as error:
        return str(error)
    return None


COMMANDS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "compile": compile_pipeline,
    "check": _check,
    "trainjob": write_train_job,
    "run": submit,
    "schedule": schedule,
    "status": status,
}


def main() -> int:
    """Answer one request; what is wrong with it is the answer's ``error``, and the exit code 1."""
    try:
        with redirect_stdout(sys.stderr):  # where the SDK prints links
            answer = COMMANDS[sys.argv[1]](json.load(sys.stdin))
    except (SpecError, ApiError) as error:
        answer = {"error": str(error)}
    sys.stdout.write(json.dumps(answer) + "\n")
    return int("error" in answer)


if __name__ == "__main__":
    sys.exit(main())
