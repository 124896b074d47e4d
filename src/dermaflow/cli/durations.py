"""Durations as people write them."""

from __future__ import annotations

import re
from dataclasses import dataclass

_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)([smhd]?)")


@dataclass(frozen=True)
class Duration:
    """A duration, and how it was written."""

    seconds: float
    text: str

    @classmethod
    def parse(cls, text: str) -> Duration:
        """A number with ``s``, ``m``, ``h`` or ``d``, as `timeout` takes it; seconds if without.

        Raises:
            ValueError: it is none, or not above zero.
        """
        found = _DURATION.fullmatch(text.strip())
        seconds = float(found[1]) * _UNITS[found[2]] if found else 0
        if seconds <= 0:
            raise ValueError(f"{text!r} is no duration above zero, such as 90s, 30m, 8h or 2d")
        return cls(seconds, text.strip())

    def __str__(self) -> str:
        return self.text
