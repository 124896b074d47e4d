"""Where the SDK is looked for, and what it is given."""

import json
import sys

import pytest

from dermaflow.deploy.kubeflow.call_sdk import PYTHON, call_sdk
from dermaflow.errors import EngineError

# An interpreter that answers with what it was given.
ECHO = """#!/bin/sh
echo "{\\"python\\": \\"$PYTHONPATH\\", \\"home\\": \\"$PYTHONHOME\\", \\"last\\": \\"$4\\"}"
"""


@pytest.fixture
def interpreter(tmp_path, monkeypatch):
    """Put an interpreter in place of the environment's."""

    def put(text):
        python = tmp_path / "python"
        python.write_text(text)
        python.chmod(0o755)
        monkeypatch.setenv(PYTHON, str(python))

    return put


def test_nothing_of_the_project_s_environment_reaches_the_sdk(interpreter, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONHOME", sys.prefix)
    interpreter(ECHO)
    answer = call_sdk(tmp_path, "compile", {})
    assert answer["home"] == ""
    assert answer["last"] == "compile"
    assert answer["python"].endswith("deploy/kubeflow")


def test_an_environment_that_is_missing_is_named_with_the_way_to_it(tmp_path, monkeypatch):
    monkeypatch.delenv(PYTHON, raising=False)
    with pytest.raises(EngineError, match=f"{tmp_path}/.venv-kubeflow.*make kubeflow"):
        call_sdk(tmp_path, "compile", {})


def test_an_error_that_is_answered_is_one_of_ours(interpreter, tmp_path):
    interpreter(f"#!/bin/sh\necho '{json.dumps({'error': 'refused'})}'\nexit 1\n")
    with pytest.raises(EngineError, match="Kubeflow: refused"):
        call_sdk(tmp_path, "run", {})


@pytest.mark.parametrize("ends", ["echo 'No module named kfp' >&2", "exit 3", "echo nonsense"])
def test_an_interpreter_that_cannot_answer_is_no_success(interpreter, tmp_path, ends):
    interpreter(f"#!/bin/sh\n{ends}\n")
    with pytest.raises(EngineError, match="SDK failed"):
        call_sdk(tmp_path, "run", {})
