"""A child's output comes whole, with the memory of its whole tree."""

import subprocess
import sys

import pytest

from dermaflow_bench.process_tree import run_watched

MIB = 2**20
HOLD = "import time; held = bytearray(b'x') * ({} * 2**20); time.sleep(1.5)"


def test_a_child_may_print_more_than_a_pipe_holds():
    output, _ = run_watched((sys.executable, "-c", "print('x' * 1_000_000)"))
    assert output == "x" * 1_000_000 + "\n"


def test_a_child_that_fails_is_an_error_with_its_output():
    with pytest.raises(subprocess.CalledProcessError) as caught:
        run_watched((sys.executable, "-c", "print('why'); raise SystemExit(3)"))
    assert (caught.value.returncode, caught.value.output) == (3, "why\n")


@pytest.mark.parametrize("where", ["child", "grandchild"])
def test_memory_is_that_of_the_whole_tree(where):
    command = [sys.executable, "-c", HOLD.format(200)]
    if where == "grandchild":
        command = [sys.executable, "-c", f"import subprocess; subprocess.run({command!r})"]
    output, most = run_watched(command)
    assert output == ""
    assert 200 * MIB <= most < 300 * MIB
