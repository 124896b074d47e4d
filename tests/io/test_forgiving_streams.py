"""What cannot be printed does not stop the work."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

WORK = """
import logging, sys, warnings
from pathlib import Path
from tqdm import tqdm
logging.basicConfig(level=logging.INFO)
from dermaflow.io.forgiving_streams import forgive_streams
forgive_streams()
for number in tqdm(range(2000), mininterval=0):
    logging.info("%d", number)
    print(number)
warnings.warn("one")
sys.stdout.write("a line that is left to the end of the process")
Path("done").touch()
sys.exit(7)
"""


def run(folder, stdout, stderr):
    """Do the work; gives its exit code."""
    command = (sys.executable, "-c", WORK)
    # A command of the project that ran in this process has hidden the bars of libraries.
    shown = {name: value for name, value in os.environ.items() if name != "TQDM_DISABLE"}
    code = subprocess.run(command, cwd=folder, stdout=stdout, stderr=stderr, env=shown).returncode
    assert (folder / "done").exists()
    return code


@pytest.fixture
def closed_pipe():
    """The end to write to of a pipe that nobody reads."""
    reader, writer = os.pipe()
    os.close(reader)
    yield writer
    os.close(writer)


def test_work_goes_on_behind_a_pipe_that_nobody_reads(tmp_path, closed_pipe):
    assert run(tmp_path, closed_pipe, closed_pipe) == 7


def test_what_the_one_stream_lacks_the_other_does_not_complain_of(tmp_path, closed_pipe):
    with (tmp_path / "said").open("w") as said:
        assert run(tmp_path, closed_pipe, said) == 7
    text = (tmp_path / "said").read_text()
    assert "INFO:root:1999" in text
    assert "100%" in text
    assert "Broken" not in text


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_work_goes_on_though_the_disk_with_its_output_is_full(tmp_path):
    with Path("/dev/full").open("w") as full:
        assert run(tmp_path, full, full) == 7


def test_work_goes_on_without_streams(tmp_path):
    command = f'exec "{sys.executable}" -c "$0" >&- 2>&-'
    assert subprocess.run(("sh", "-c", command, WORK), cwd=tmp_path).returncode == 7
    assert (tmp_path / "done").exists()


def test_all_that_can_be_written_is_written_in_its_order(tmp_path):
    with (tmp_path / "said").open("w") as said:
        assert run(tmp_path, said, subprocess.DEVNULL) == 7
    lines = (tmp_path / "said").read_text().splitlines()
    assert lines == [*map(str, range(2000)), "a line that is left to the end of the process"]
