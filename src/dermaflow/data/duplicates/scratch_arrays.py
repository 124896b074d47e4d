"""Arrays that are too large for memory, in files that nobody has to remove."""

from __future__ import annotations

import math
import os
import tempfile
from typing import Any

import numpy as np
from numpy.typing import NDArray


def temporary_array(shape: tuple[int, ...], dtype: type[np.generic]) -> NDArray[Any]:
    """An array of zeros in a file of the temporary folder.

    The file has no name, so that the system removes it when the process ends, however it ends.

    Raises:
        OSError: the disk has no room for it; the error names the folder.
    """
    size = math.prod(shape) * np.dtype(dtype).itemsize
    with tempfile.TemporaryFile(prefix="dermaflow-") as file:
        _reserve(file.fileno(), size)
        return np.memmap(file, dtype, "r+", shape=shape)


def _reserve(file: int, size: int) -> None:
    """Take the room now: a write through a map that finds none ends the process."""
    try:
        if hasattr(os, "posix_fallocate"):  # not on macOS
            os.posix_fallocate(file, 0, size)
        else:
            os.ftruncate(file, size)
    except OSError as error:
        raise OSError(error.errno, error.strerror, tempfile.gettempdir()) from error
