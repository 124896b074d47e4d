"""Memory that a training frees and takes again."""

import platform
import subprocess
import sys

import pytest

CODE = """
import resource, sys
import numpy as np
from dermaflow.ml.runtime import keep_freed_memory
if sys.argv[1] == "kept":
    assert keep_freed_memory()
for round in range(20):
    if round == 2:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    np.ones(8_000_000)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library")
def test_pages_of_freed_tensors_are_not_taken_from_the_system_again():
    faults = {}
    for way in ("usual", "kept"):
        found = subprocess.run(
            [sys.executable, "-c", CODE, way], capture_output=True, text=True, check=True
        )
        faults[way] = int(found.stdout)
    assert faults["kept"] < 0.05 * faults["usual"]
