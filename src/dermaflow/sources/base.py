"""What ingest asks of a source, and the choice of one by its name."""

from __future__ import annotations

from typing import Protocol

import pandas as pd

from dermaflow.errors import SourceError
from dermaflow.params import IngestParams

# Names of images that can be decoded.
IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp")

# Names of files that lie beside images and are none.
_DOCUMENT_SUFFIXES = (
    ".csv", ".db", ".doc", ".docx", ".htm", ".html", ".ini", ".json", ".log", ".md", ".md5", ".ods",
    ".odt", ".parquet", ".pdf", ".sha256", ".tsv", ".txt", ".xls", ".xlsx", ".xml", ".yaml", ".yml",
)  # fmt: skip

# No single file is read beyond this, whatever ``image.max_bytes`` allows to be decoded.
MAX_FILE_BYTES = 256 * 2**20


def may_hold_images(name: str) -> bool:
    """Whether a file is to be told where no row lists it: all but documents and hidden files."""
    return bool(name) and not name.startswith(".") and not name.lower().endswith(_DOCUMENT_SUFFIXES)


def speakable(name: str) -> str:
    """A file's name as text that can be written down, whatever bytes the system found in it."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


class ImageSource(Protocol):
    """A set of encoded images with a table that describes them."""

    def records(self) -> pd.DataFrame:
        """One row an image that the source lists: ``dermaflow.schema.RECORD_COLUMNS``.

        Values the source does not know are missing (``None`` or NaN). Rows come in a fixed order.
        """
        ...

    def read(self, file: str) -> bytes:
        """Encoded bytes of one of the ``file`` values; safe to call from several threads.

        Raises:
            FileNotFoundError: there is no such file.
            OSError: it cannot or must not be read; the text says why.
        """
        ...

    def read_mask(self, image_id: str) -> bytes | None:
        """Encoded lesion mask (non-zero inside), or None where there is none. Raises OSError."""
        ...

    def unlisted(self) -> list[str]:
        """Files of the source that no row lists and that may hold images or masks.

        A folder that is not looked into, since it is a link, ends with ``/``.
        """
        ...


def open_source(ingest: IngestParams, seed: int) -> ImageSource:
    """The source that ``ingest.source`` names. Raises SourceError where its files are missing.

    Sources are imported when chosen, so that one costs nothing where another is used.
    """
    if ingest.phantoms and ingest.source == "phantoms":
        from dermaflow.sources.phantoms import Phantoms

        return Phantoms(ingest.phantoms, seed)
    if ingest.ham10000 and ingest.source == "ham10000":
        from dermaflow.sources.ham10000 import Ham10000

        return Ham10000(ingest.ham10000)
    if ingest.table and ingest.source == "table":
        from dermaflow.sources.table import Table

        return Table(ingest.table)
    raise SourceError(f"ingest.{ingest.source} is not set in conf/")
