"""A child's output comes whole, with the memory of its whole tree."""

import subprocess
import sys

import pytest

from dermaflow_bench.process_tree import run_watched


def test_a_child_may_print_more_than_a_pipe_holds():
    script = "import time; held = b'x' * 50_000_000; print('x' * 1_000_000); time.sleep(0.5)"
    output, memory = run_watched((sys.executable, "-c", script))
    assert output == "x" * 1_000_000 + "\n"
    assert memory > 50_000_000


def test_a_child_that_fails_is_an_error_with_its_output():
    with pytest.raises(subprocess.CalledProcessError) as caught:
        run_watched((sys.executable, "-c", "print('why'); raise SystemExit(3)"))
    assert (caught.value.returncode, caught.value.output) == (3, "why\n")
