"""Durations as people write them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import click

_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)([smhd]?)")


@dataclass(frozen=True)
class Duration:
    """A duration, and how it was written."""

    seconds: float
    text: str

    def __str__(self) -> str:
        return self.text


class DurationType(click.ParamType):
    """A number with ``s``, ``m``, ``h`` or ``d``, as `timeout` takes it: seconds if without."""

    name = "duration"

    def convert(self, value: Any, param: Any, ctx: Any) -> Duration:
        """A duration above zero. Raises click.BadParameter."""
        if isinstance(value, Duration):
            return value
        found = _DURATION.fullmatch(str(value).strip())
        seconds = float(found[1]) * _UNITS[found[2]] if found else 0
        if seconds <= 0:
            self.fail(
                f"{value!r} is no duration above zero, such as 90s, 30m, 8h or 2d", param, ctx
            )
        return Duration(seconds, str(value).strip())
