"""Standard streams that outlive whoever reads them: what is printed is not worth the work."""

from __future__ import annotations

import io
import logging
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class ForgivingFile(io.FileIO):
    """A file of which no write fails: what finds no reader, or no room, is dropped."""

    def write(self, data: ReadableBuffer, /) -> int:
        """Write what can be written."""
        try:
            return super().write(data)
        except OSError:
            return memoryview(data).nbytes


def forgive_streams() -> None:
    """Let this process go on when its output breaks: a closed pipe (``| head``), a full disk.

    Python itself would raise at the next line of a log or progress bar, and once more when it
    exits. Streams that somebody has replaced already are left alone.
    """
    sys.stdout = _forgiving(sys.stdout, sys.__stdout__)
    sys.stderr = _forgiving(sys.stderr, sys.__stderr__)


def _forgiving(stream: TextIO | None, original: TextIO | None) -> TextIO:
    if stream is None:  # closed before Python began
        return Path(os.devnull).open("w", encoding="utf-8")
    if stream is not original or not isinstance(stream, io.TextIOWrapper):
        return stream
    with suppress(OSError):
        stream.flush()
    raw = ForgivingFile(stream.fileno(), "w", closefd=False)
    forgiving = io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=stream.encoding,
        errors=stream.errors,
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )
    for handler in logging.getLogger().handlers:
        if isinstance(handler, logging.StreamHandler) and handler.stream is stream:
            handler.setStream(forgiving)
    return forgiving
