"""Text of others, made fit to be shown."""

from __future__ import annotations


def one_line(value: object, limit: int | None = None) -> str:
    r"""Text on one line, with what cannot be seen as its escape (``\u200b``).

    Args:
        value: anything.
        limit: characters; what is longer ends with ``…``.
    """
    words = " ".join(str(value).split())
    shown = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in words)
    return shown if limit is None or len(shown) <= limit else f"{shown[: limit - 1]}…"


def readable_size(size: float) -> str:
    """Bytes in the unit in which they are a small number: ``1.4 GB``, a thousand MB each."""
    for unit in ("bytes", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"
