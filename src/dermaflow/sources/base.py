"""What ingest asks of a source."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import pandas as pd

# Names that count as images when a source looks for files that its table forgot.
IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp")

# No single file is read beyond this, whatever ``image.max_bytes`` allows to be decoded.
MAX_FILE_BYTES = 256 * 2**20


class ImageSource(Protocol):
    """A set of encoded images with a table that describes them.

    Made when it is used, so that its files need not be there before. Raises SourceError where they
    are missing or damaged.
    """

    def records(self) -> pd.DataFrame:
        """One row an image that the source lists: ``dermaflow.schema.SOURCE_COLUMNS``.

        Values the source does not know are missing (``None`` or NaN). Rows come in a fixed order.
        Labels are the source's own words.
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
