"""What ingest asks of a source, and the choice of one by its name."""

from __future__ import annotations

from typing import Protocol

import pandas as pd

from dermaflow.errors import SourceError
from dermaflow.params import IngestParams

# Names that count as images when a source looks for files that its table forgot.
IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp")

# No single file is read beyond this, whatever ``image.max_bytes`` allows to be decoded.
MAX_FILE_BYTES = 256 * 2**20


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
        """Image files of the source that no row lists."""
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
