"""Signals that ask a process to end, held back until it is safe."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from dermaflow.io.supervised import hear_signal, postpone_signal

HELD_BACK = (signal.SIGTERM, signal.SIGINT)


class EndRequest:
    """True once the process was asked to end."""

    def __init__(self) -> None:
        self._before: dict[int, Any] = {}
        self._asked: int | None = None

    def __bool__(self) -> bool:
        return self._asked is not None

    def obey(self) -> None:
        """Deliver the signal that was held back, as if it came only now."""
        asked, self._asked = self._asked, None
        self._release()
        if asked is not None:
            postpone_signal()
            signal.raise_signal(asked)

    def _hold(self) -> None:
        self._before = {number: signal.signal(number, self._note) for number in HELD_BACK}

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._asked = number
        hear_signal()
        self._release()  # whoever asks twice does not want to wait

    def _release(self) -> None:
        for number, handler in self._before.items():
            # None is a handler that was not set from Python, and cannot be.
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        self._before = {}


@contextmanager
def interrupts_held_back() -> Iterator[EndRequest]:
    """Turn SIGTERM and Ctrl-C into a request that the block obeys when it can.

    One that the block has not obeyed is delivered after it; a second one at once. Outside the main
    thread, where Python handles no signals, nothing is held back.
    """
    request = EndRequest()
    if threading.current_thread() is threading.main_thread():
        request._hold()
    try:
        yield request
    except BaseException:
        request._release()
        raise
    request.obey()
