"""What ingest asks of a source."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import pandas as pd

# Names of images that can be decoded.
IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp")

# Names of files that lie beside images and are none; some are a camera's or an editor's notes.
_DOCUMENT_SUFFIXES = (
    ".aae", ".csv", ".db", ".doc", ".docx", ".htm", ".html", ".ini", ".json", ".log", ".md", ".md5",
    ".ods", ".odt", ".parquet", ".pdf", ".sha256", ".thm", ".tsv", ".txt", ".xls", ".xlsx", ".xml",
    ".xmp", ".yaml", ".yml",
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
        """Files of the source that no row lists and that may hold images or masks.

        A folder that is not looked into, since it is a link, ends with ``/``.
        """
        ...
