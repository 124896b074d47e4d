"""Errors of a full disk, whatever library reports them."""

from __future__ import annotations

import errno
import re

_NO_SPACE = (errno.ENOSPC, errno.EDQUOT)
# Libraries that copy or write by themselves give the system's error as a text: shutil of a whole
# folder, DVC, MLflow; and numpy counts what it could write.
_TEXTS = re.compile(
    r"No space left on device|Disk quota exceeded|database or disk is full"
    r"|\d+ requested and \d+ written"
)


def is_full(error: BaseException) -> bool:
    """Whether a write failed for want of room."""
    number = getattr(error, "errno", None)
    return number in _NO_SPACE or (number is None and bool(_TEXTS.search(str(error))))
