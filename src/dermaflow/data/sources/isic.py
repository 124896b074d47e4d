"""Images of the ISIC Archive (https://www.isic-archive.com) with their metadata."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import pandas as pd

from dermaflow.data.sources.image_files import ImageFiles
from dermaflow.data.sources.source_records import read_records
from dermaflow.params.sources import IsicSource, TableColumn

_COLUMNS: dict[TableColumn, str] = {"image_id": "isic_id"}
# The archive leaves out columns of which no image of a download has a value.
_OPTIONAL: dict[TableColumn, str] = {
    "lesion_id": "lesion_id",
    "patient_id": "patient_id",
    "age": "age_approx",
    "sex": "sex",
    "localization": "anatom_site_general",
    "dx_type": "diagnosis_confirm_type",
    "image_type": "image_type",
    "skin_tone": "fitzpatrick_skin_type",
    "licence": "copyright_license",
}
_DX_TYPES = {
    "histopathology": "histo",
    "serial imaging showing no change": "follow_up",
    "single image expert consensus": "consensus",
    "confocal microscopy with consensus dermoscopy": "confocal",
    "single contributor clinical assessment": "clinical",
}


class Isic:
    """A metadata CSV beside folders or zips of images, as the archive's command line leaves them.

    Args:
        params: where they are, and which column holds the diagnosis.
        key: of the section in conf, for error texts.
        unknown: words that mean that a value is not known.

    Raises:
        SourceError: the CSV, a column, a folder or a zip is missing or damaged.
    """

    def __init__(self, params: IsicSource, key: str, unknown: Collection[str]) -> None:
        columns = _COLUMNS | {"label": params.label}
        path = Path(params.metadata).expanduser()
        table = read_records(
            path, columns, optional=_OPTIONAL, licence=None, key=key, unknown=unknown
        )
        table["dx_type"] = table["dx_type"].map(lambda words: _DX_TYPES.get(words, words))
        self._images = ImageFiles(params.images, f"{key}.images")
        self._records = table.assign(file=self._images.find(table["image_id"]))

    def records(self) -> pd.DataFrame:
        """Rows in the order of the CSV."""
        return self._records.copy()

    def read(self, file: str) -> bytes:
        """Bytes of an image. Raises OSError."""
        return self._images.read(file)

    def read_mask(self, image_id: str) -> None:
        """The archive's downloads hold no masks."""

    def unlisted(self) -> list[str]:
        """Images that the CSV does not know."""
        return self._images.names_without(self._records["file"])
