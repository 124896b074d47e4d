"""DVC's command behind a pipe that nobody reads."""

import os
import subprocess
import sys

STAND_IN = """
import sys
for number in range(5000):
    print("Running stage", number)
    print("as they say", file=sys.stderr)
from pathlib import Path
Path("called").write_text(" ".join(sys.argv[1:]))
sys.exit(5)
"""


def test_dvc_goes_on_where_nobody_reads_what_it_says(tmp_path):
    (tmp_path / "dvc.py").write_text(STAND_IN)  # found first, in the working directory
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "dermaflow.versioning.dvc.dvc_main", "repro", "--dry"],
        cwd=tmp_path,
        stdout=writer,
        stderr=writer,
    )
    os.close(writer)
    assert done.returncode == 5
    assert (tmp_path / "called").read_text() == "repro --dry"
