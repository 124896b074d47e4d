"""Large arrays lie in files that nobody has to remove."""

import errno
import re
import resource
import tempfile

import numpy as np
import pytest

from data.small_disk import needs_mount, run_on_small_disk
from dermaflow.data.duplicates.scratch_arrays import temporary_array


def test_an_array_of_zeros_keeps_what_is_written_and_leaves_no_file(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    array, other = temporary_array((3, 4), np.float32), temporary_array((3, 4), np.float32)
    assert (array.shape, array.dtype) == ((3, 4), np.float32)
    assert not array.any()
    array[1, 2] = 0.5
    assert array.sum() == 0.5
    assert not other.any()
    assert list(tmp_path.iterdir()) == []


@needs_mount
def test_a_full_temporary_folder_is_an_error_that_names_it(tmp_path):
    done = run_on_small_disk(
        tmp_path,
        f"""
import numpy as np, tempfile
tempfile.tempdir = {str(tmp_path)!r}
from dermaflow.data.duplicates.scratch_arrays import temporary_array
small = temporary_array((10, 100), np.float32)
small[:] = 3
print(small.sum())
try:
    temporary_array((1000, 100), np.float32)
except OSError as error:
    print(error)
""",
        100,
    )
    assert done.stdout == f"3000.0\n[Errno 28] No space left on device: '{tmp_path}'\n", done.stderr


def test_a_file_larger_than_may_be_is_an_error_that_names_the_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
    try:
        assert temporary_array((1024,), np.float32).size == 1024
        with pytest.raises(OSError, match=re.escape(str(tmp_path))) as caught:
            temporary_array((1025,), np.float32)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert caught.value.errno == errno.EFBIG
