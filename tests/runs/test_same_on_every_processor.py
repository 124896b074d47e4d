"""The same data and parameters give the same data version on every processor, to the bit.

Libraries choose code by what the processor can do, and add up in another order with other threads.
"""

import json
import os
import platform
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]

_DISPATCHED = np._core._multiarray_umath.__cpu_dispatch__
_OPENCV = "AVX512-SKX,AVX512-ICL,AVX2,FMA3,AVX,FP16,POPCNT,SSE4.2,SSE4.1,SSSE3"
SETTINGS = {
    "as it is": {},
    "one thread": {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
    "two threads": {"OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2"},
    "without AVX-512": {
        "ATEN_CPU_CAPABILITY": "avx2",
        "OPENBLAS_CORETYPE": "Haswell",
        "OPENCV_CPU_DISABLE": "AVX512-SKX",
        "NPY_DISABLE_CPU_FEATURES": " ".join(n for n in _DISPATCHED if "512" in n or "V4" in n),
    },
    "of 2008": {
        "ATEN_CPU_CAPABILITY": "default",
        "OPENBLAS_CORETYPE": "Nehalem",
        "OPENCV_CPU_DISABLE": _OPENCV,
        "OPENCV_IPP": "disabled",
        "JSIMD_FORCENONE": "1",  # of libjpeg-turbo, in Pillow
        "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-FMA,-FMA4",
        "NPY_DISABLE_CPU_FEATURES": " ".join(_DISPATCHED),
        "OMP_NUM_THREADS": "1",
    },
}


def run(setting, folder):
    path = os.pathsep.join([str(ROOT / "tests"), str(ROOT / "src")])
    # What the machine's own environment says about threads must not hide what is asked for.
    kept = {name: value for name, value in os.environ.items() if "NUM_THREADS" not in name}
    done = subprocess.run(
        [sys.executable, ROOT / "tests" / "runs" / "same_data.py", folder],
        env={**kept, "PYTHONPATH": path, "TQDM_DISABLE": "1", **SETTINGS[setting]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
@pytest.mark.skipif(platform.machine() != "x86_64", reason="the settings are those of x86-64")
def test_processor_and_threads_change_no_bit_of_the_data(tmp_path):
    found = {name: run(name, tmp_path / name) for name in SETTINGS}
    made = {name: result["made"] for name, result in found.items()}
    assert made["as it is"]["found"] > 10  # pairs, so that there was something to differ
    for name, result in made.items():
        assert result == made["as it is"], name
    # The settings do what they are named for.
    assert found["of 2008"]["used"] != found["as it is"]["used"]
