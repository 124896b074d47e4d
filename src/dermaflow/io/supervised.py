"""What a command and the process that supervises it tell each other.

The supervisor says that the time is up; the command says how its run is found and why it ended.
Both go through pipes that are made before the command is forked, so that the supervisor still has
what a killed command said.
"""

from __future__ import annotations

import json
import os
import select
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

_SIGNALS = "signals"  # fact
_LONGEST = 2000  # characters of one fact: a pipe holds some thirty of them


@dataclass
class Wires:
    """Both pipes between a command and its supervisor."""

    _orders: tuple[int, int] = field(default_factory=os.pipe)
    _facts: tuple[int, int] = field(default_factory=os.pipe)
    _limit: str = ""
    _is_up: bool = False
    _signals: int = 0
    _known: dict[str, str] = field(default_factory=dict)

    def attach(self, limit: str) -> None:
        """Let this process be the command, whose time limit is this, in words."""
        global _wires
        self._limit = limit
        os.set_blocking(self._facts[1], False)
        os.close(self._orders[1])  # else it would never see the supervisor's end
        _wires = self

    def say_time_is_up(self) -> None:
        """Tell the command, before it is asked to stop."""
        with suppress(OSError):
            os.write(self._orders[1], b"!")

    def facts(self) -> dict[str, str]:
        """What the command has said; of each fact the last."""
        for line in self._lines():
            self._known |= line
        return self._known

    @property
    def signals(self) -> int:
        """How many signals that ask it to end the command has heard."""
        return int(self.facts().get(_SIGNALS, 0))

    def _lines(self) -> Iterator[dict[str, str]]:
        os.set_blocking(self._facts[0], False)
        said = b""
        with suppress(BlockingIOError):
            while part := os.read(self._facts[0], 65536):
                said += part
        for line in said.splitlines():
            with suppress(ValueError):  # cut short: the command was killed
                yield json.loads(line)

    def _count(self, change: int) -> None:
        self._signals += change
        self._tell({_SIGNALS: str(self._signals)})

    def _tell(self, facts: dict[str, str]) -> None:
        shown = {name: value[:_LONGEST] for name, value in facts.items()}
        with suppress(OSError):  # nobody listens, or the pipe is full
            os.write(self._facts[1], f"{json.dumps(shown)}\n".encode())

    def _reached_limit(self) -> str | None:
        orders = self._orders[0]
        if not self._is_up and select.select([orders], [], [], 0)[0]:
            self._is_up = bool(os.read(orders, 1))  # nothing is read once the supervisor is gone
        return self._limit if self._is_up else None

    def close(self) -> None:
        """Close what the supervisor holds."""
        for descriptor in (*self._orders, *self._facts):
            os.close(descriptor)


_wires: Wires | None = None


def tell_supervisor(**facts: str) -> None:
    """Tell the supervisor of this command, if there is one; secrets are hidden already."""
    if _wires:
        _wires._tell(facts)


def hear_signal() -> None:
    """Tell the supervisor that a signal which asks to end has come; it need not pass it on."""
    if _wires:
        _wires._count(1)


def postpone_signal() -> None:
    """Take ``hear_signal`` back, as the same signal is delivered once more."""
    if _wires:
        _wires._count(-1)


def reached_limit() -> str | None:
    """The time limit for which the supervisor has stopped this command; None if it has not."""
    return _wires._reached_limit() if _wires else None
