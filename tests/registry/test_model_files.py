"""A model's folder, sealed: what may not lack, and what Python may not leave there."""

import os
import subprocess
import sys

import pytest

from dermaflow.errors import IntegrityError
from dermaflow.io.file_list import write_list
from dermaflow.registry.model_files import REQUIRED, check_model, seal_model


@pytest.fixture
def folder(tmp_path):
    """Empty files by the names that a model needs, and code."""
    for name in (*REQUIRED, "model_code.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


def test_a_sealed_folder_has_its_digest(folder):
    digest = seal_model(folder)
    assert check_model(folder, "m", "1") == digest
    assert seal_model(folder) == digest


@pytest.mark.parametrize("name", REQUIRED)
def test_no_model_is_without_its_parts(folder, name):
    (folder / name).unlink()
    write_list(folder)
    with pytest.raises(IntegrityError, match=f"{name} is not in files.json, and no model"):
        check_model(folder, "m", "1")


def test_python_leaves_no_bytecode_beside_the_entry(folder):
    (folder / "model_code.py").write_text("X = 1\n")
    digest = seal_model(folder)
    load = (
        "import sys; from importlib.util import *; "
        f"spec = spec_from_file_location('m', {str(folder / 'model_code.py')!r}); "
        "spec.loader.exec_module(module_from_spec(spec)); print(sys.dont_write_bytecode)"
    )
    env = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    call = [sys.executable, "-c", load]
    said = subprocess.run(call, env=env, check=True, capture_output=True, text=True)
    assert said.stdout == "False\n"
    assert check_model(folder, "m", "1") == digest
