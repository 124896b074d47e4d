"""MILK10k's dermoscopic images (MILK study team, ISIC Archive), an independent set."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import pandas as pd

from dermaflow.data.sources.archive import ZipFolder
from dermaflow.data.sources.source_records import read_records
from dermaflow.errors import SourceError
from dermaflow.params.sources import MILK10K_IMAGES, MILK10K_METADATA, Milk10kSource, TableColumn

LICENCE = "CC BY-NC 4.0"

_COLUMNS: dict[TableColumn, str] = {
    "image_id": "isic_id",
    "lesion_id": "lesion_id",
    "label": "milk_dx",
    "age": "age_approx",
    "sex": "sex",
    "localization": "site",
    "image_type": "image_type",
    "skin_tone": "skin_tone_class",  # 0, the darkest, to 5, the lightest
}

# Its eleven classes, in words: its AKIEC and HAM10000's akiec, in which there is squamous cell
# carcinoma too, are not the same.
DIAGNOSES = {
    "AKIEC": "Actinic keratosis or intraepidermal carcinoma",
    "BCC": "Basal cell carcinoma",
    "BEN_OTH": "Other benign",
    "BKL": "Benign keratinocytic",
    "DF": "Dermatofibroma",
    "INF": "Inflammatory or infectious",
    "MAL_OTH": "Other malignant",
    "MEL": "Melanoma",
    "NV": "Melanocytic naevus",
    "SCCKA": "Squamous cell carcinoma or keratoacanthoma",
    "VASC": "Vascular lesion",
}


class Milk10k:
    """A table with a row an image beside a zip of them.

    Args:
        params: the folder of both.
        key: of the section in conf, for error texts.
        unknown: words that mean that a value is not known.

    Raises:
        SourceError: the folder, a file or a column is missing, or a file is damaged.
    """

    def __init__(self, params: Milk10kSource, key: str, unknown: Collection[str]) -> None:
        folder = Path(params.folder).expanduser()
        if not folder.is_dir():
            raise SourceError(
                f"there is no folder {folder}: set {key}.folder or the environment variable "
                f"DERMAFLOW_MILK10K_DIR to the one that holds {MILK10K_METADATA} and "
                f"{MILK10K_IMAGES}"
            )
        table = read_records(
            folder / MILK10K_METADATA, _COLUMNS, licence=LICENCE, key=key, unknown=unknown
        )
        table["label"] = table["label"].map(lambda code: DIAGNOSES.get(code, code))
        self._records = table.assign(file=table["image_id"] + ".jpg")
        self._images = ZipFolder([folder / MILK10K_IMAGES], key)

    def records(self) -> pd.DataFrame:
        """Rows in the order of the table."""
        return self._records.copy()

    def read(self, file: str) -> bytes:
        """JPEG as it lies in the zip. Raises OSError."""
        return self._images.read(file)

    def read_mask(self, image_id: str) -> None:
        """There are no masks."""

    def unlisted(self) -> list[str]:
        """Images in the zip that the table does not know."""
        return sorted(set(self._images.names()) - set(self._records["file"]))
