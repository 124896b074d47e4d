"""A full disk is known for what it is, whichever library met it."""

import errno

import pytest

from data.small_disk import needs_mount, run_on_small_disk
from dermaflow.io.full_disk import is_full

# Each writes 3 MB where 1 MB has room.
WRITE = """
import os, shutil, sqlite3
import numpy as np
import pandas as pd
from dermaflow.io.atomic_files import replacing_file, written_by_safetensors
from dermaflow.io.full_disk import is_full
from safetensors.numpy import save_file

os.chdir({folder!r})
data = np.random.default_rng(0).integers(0, 255, 3_000_000, dtype=np.uint8)

def numpy(): np.save("a.npy", data)
def parquet(): pd.DataFrame({{"a": data}}).to_parquet("a.parquet")
def csv(): pd.DataFrame({{"a": data}}).to_csv("a.csv")
def folder(): shutil.copytree({source!r}, "a")
def database():
    with sqlite3.connect("a.db") as connection:
        connection.execute("CREATE TABLE t (a)")
        connection.execute("INSERT INTO t VALUES (?)", (data.tobytes(),))
def tensors():
    with replacing_file("a.safetensors") as partial, written_by_safetensors(partial):
        save_file({{"a": data}}, partial)

for write in (numpy, parquet, csv, folder, database, tensors):
    try:
        write()
    except Exception as error:
        print(write.__name__, is_full(error), getattr(error, "filename", None))
    for name in os.listdir():
        shutil.rmtree(name) if os.path.isdir(name) else os.unlink(name)
"""


@needs_mount
def test_every_library_that_writes_is_understood(tmp_path):
    disk, source = tmp_path / "disk", tmp_path / "source"
    disk.mkdir()
    source.mkdir()
    (source / "large").write_bytes(bytes(3_000_000))
    script = WRITE.format(folder=str(disk), source=str(source))
    done = run_on_small_disk(disk, script, 1000)
    assert done.returncode == 0, done.stderr
    said = dict(line.split(maxsplit=1) for line in done.stdout.splitlines())
    # Of tensors the target is named, not the library's temporary file.
    assert said.pop("tensors") == "True a.safetensors"
    assert said == dict.fromkeys(("numpy", "parquet", "csv", "folder", "database"), "True None")


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.EIO, "No space left on device, says a cable"),
        ValueError("3 requested"),
        OSError(),
    ],
)
def test_other_errors_are_not_taken_for_it(error):
    assert not is_full(error)
