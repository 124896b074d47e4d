"""The log file, without which a command goes on."""

from __future__ import annotations

import logging
import sys
import traceback
from contextlib import suppress
from functools import partial

LOG_FILE = "logs/dermaflow.log"  # as conf/logging.yml has it


def do_without_log_file() -> None:
    """Have one line said of a log file that cannot be written, not a traceback a record."""
    for handler in _file_handlers():
        # Kedro takes only its own and Python's classes of handlers.
        handler.handleError = partial(_give_up, handler)  # type: ignore[method-assign]


def tell_traceback(error: BaseException) -> str:
    """Where an error's traceback is; without a log file it is printed here."""
    if _file_handlers():
        return f"its traceback is in {LOG_FILE}"
    traceback.print_exception(error)
    return "its traceback is above"


def _file_handlers() -> list[logging.FileHandler]:
    handlers = logging.getLogger().handlers
    return [handler for handler in handlers if isinstance(handler, logging.FileHandler)]


def _give_up(handler: logging.FileHandler, record: logging.LogRecord) -> None:
    error = sys.exc_info()[1]
    if not isinstance(error, OSError):  # a record that cannot be formatted: a defect
        logging.Handler.handleError(handler, record)
        return
    logging.getLogger().removeHandler(handler)
    with suppress(OSError):
        handler.close()
    logging.getLogger(__name__).warning("Going on without a log file: %s", error)
