"""Secrets in addresses, hidden before an address is shown, logged or kept."""

from __future__ import annotations

import logging
import re
from typing import Any

HIDDEN = "***"

_URI = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*://)(\S+)")
_SETTINGS = re.compile(rb"/mlflow[^/]*\.ya?ml\"?\s*$")
_PLAIN_HOST = re.compile(r"[^/?#:@]*(:\d*)?[/?#]")
_SECRET_VALUE = re.compile(
    r"([?&;][^=&;\s]*(?:pass|pwd|token|secret|key|sig|sas|auth|credential|odbc_connect)"
    r"[^=&;\s]*=)[^&;\s]*[^&;\s'\")\]]",
    re.IGNORECASE,
)


def redact(text: str) -> str:
    """A text with the secrets of its URIs hidden; what is no secret still tells URIs apart.

    Hidden are passwords, what is before the ``@`` of a web address (a token may be in the place of
    the user), and values in the query whose names say that they are secret.

    Args:
        text: a URI, or anything that may hold some.
    """
    return _URI.sub(_redact_match, text) if "://" in text else text


def redact_patch(patch: bytes) -> bytes:
    """A patch of git without the secrets that it adds to settings of MLflow; it applies as before.

    Other files stay as they are: code may hold addresses that are none.
    """
    lines, of_settings = [], False
    for line in patch.splitlines(keepends=True):
        if line.startswith(b"+++ "):
            of_settings = _SETTINGS.search(line) is not None
        elif of_settings and line.startswith(b"+"):
            line = redact(line.decode("latin-1")).encode("latin-1")  # any byte is a character there
        lines.append(line)
    return b"".join(lines)


def hide_secrets_in_logs() -> None:
    """Let no log record of this process hold a URI's secret, its traceback included."""
    before = logging.getLogRecordFactory()
    if isinstance(before, _RedactingFactory):
        return
    logging.setLogRecordFactory(_RedactingFactory(before))


class _RedactingFactory:
    """Makes log records without secrets, by another factory.

    Args:
        before: the other one.
    """

    def __init__(self, before: Any) -> None:
        self._before = before

    def __call__(self, *args: Any, **kwargs: Any) -> logging.LogRecord:
        record: logging.LogRecord = self._before(*args, **kwargs)
        try:
            message = record.getMessage()
        except Exception:  # the arguments do not fit: logging itself says so, later
            return record
        if "://" in message:
            record.msg, record.args = redact(message), ()
        if record.exc_info and record.exc_info[0]:
            record.exc_text = redact(logging.Formatter().formatException(record.exc_info))
        return record


def _redact_match(found: re.Match[str]) -> str:
    scheme, rest = found[1], found[2]
    return scheme + _SECRET_VALUE.sub(rf"\1{HIDDEN}", _hide_user(scheme, rest))


def _hide_user(scheme: str, rest: str) -> str:
    if "@" not in rest or _PLAIN_HOST.match(rest):
        return rest
    # Up to the last @ of the part in which the first one is: a password may hold some itself.
    user, _, after = rest.partition("@")
    host = re.split(r"[/?#]", after, maxsplit=1)[0]
    if "@" in host:
        after = after[host.rindex("@") + 1 :]
    if scheme.lower().startswith("http"):
        return f"{HIDDEN}@{after}"
    name, colon, _ = user.partition(":")
    return f"{name}:{HIDDEN}@{after}" if colon else rest
