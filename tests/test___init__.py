"""What the package sees to before any of its modules is loaded."""

import os
import shutil
import subprocess
import sys

import pytest

import dermaflow


@pytest.fixture
def package(tmp_path):
    """A package with dermaflow's own beginning, and one module."""
    folder = tmp_path / "package"
    folder.mkdir()
    shutil.copy(dermaflow.__file__, folder / "__init__.py")
    (folder / "answer.py").write_text("ANSWER = 1\n")
    return folder


def answer(package):
    environment = {**os.environ, "PYTHONPATH": str(package.parent)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    code = "from package.answer import ANSWER; print(ANSWER)"
    command = [sys.executable, "-c", code]
    return subprocess.check_output(command, env=environment, text=True).strip()


def test_a_change_of_the_same_size_within_a_second_is_run(package):
    module = package / "answer.py"
    assert answer(package) == "1"
    (bytecode,) = (package / "__pycache__").glob("answer.*.pyc")
    kept = bytecode.read_bytes()
    stat = module.stat()
    module.write_text("ANSWER = 2\n")
    os.utime(module, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert answer(package) == "2"
    assert bytecode.read_bytes() != kept
    written = bytecode.stat().st_mtime_ns
    assert answer(package) == "2"
    assert bytecode.stat().st_mtime_ns == written  # it is not compiled anew each time
