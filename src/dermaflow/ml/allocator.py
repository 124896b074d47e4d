"""What the C library does with the memory of large tensors."""

from __future__ import annotations

import ctypes

# Of glibc's malloc.h, and the largest value that it takes.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_NEVER = 2**31 - 1


def keep_freed_memory() -> bool:
    """Have memory that is freed kept for the next tensors, as long as this process lives.

    glibc maps each large tensor anew and unmaps it when it is freed, so that every update of a
    training takes all its pages from the system again, zeroed: 7 to 9 % of the CPU time. Other
    allocators, which PyTorch's tuning guide names, must be loaded before the process begins.

    Returns:
        Whether it was done: elsewhere than with glibc nothing is changed.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):  # another C library
        return False
    return bool(mallopt(_M_MMAP_THRESHOLD, _NEVER) and mallopt(_M_TRIM_THRESHOLD, _NEVER))
