"""Progress bars on a terminal, and lines of the log elsewhere."""

from __future__ import annotations

import logging
import sys
import time
from typing import Any

from tqdm import tqdm

SECONDS_BETWEEN_LINES = 30

logger = logging.getLogger(__name__)


class Progress(tqdm):  # type: ignore[misc]
    """A tqdm that draws nothing in a file or a scheduler's log.

    There it logs a line every half a minute. What is done sooner, logs none.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._is_plain = not sys.stderr.isatty()
        self._told = time.monotonic()
        # tqdm's variables may hide the bars of libraries, and say nothing of lines.
        plain = {"disable": False, "mininterval": 1, "leave": False} if self._is_plain else {}
        super().__init__(*args, **{**plain, **kwargs})

    def display(self, msg: str | None = None, pos: int | None = None) -> bool | None:
        """Draw the bar, or log a line if the last one is old enough."""
        if not self._is_plain:
            drawn: bool | None = super().display(msg, pos)
            return drawn
        if time.monotonic() - self._told >= SECONDS_BETWEEN_LINES:
            self._told = time.monotonic()
            logger.info("%s", self._line())
        return False

    def _line(self) -> str:
        facts = self.format_dict
        told = {**facts, "bar_format": _FORMAT if facts["total"] else _FORMAT_WITHOUT_TOTAL}
        return str(self.format_meter(**told)).strip().removeprefix(": ")


_FORMAT = (
    "{desc}: {n_fmt} of {total_fmt} ({percentage:.0f}%), {elapsed}<{remaining}, {rate_fmt}{postfix}"
)
_FORMAT_WITHOUT_TOTAL = "{desc}: {n_fmt}, {elapsed}, {rate_fmt}{postfix}"
