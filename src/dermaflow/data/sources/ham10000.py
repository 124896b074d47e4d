"""HAM10000 as downloaded (Tschandl et al. 2018, doi:10.1038/sdata.2018.161)."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from pathlib import Path

import pandas as pd

from dermaflow.data.sources.image_files import ImageFiles
from dermaflow.data.sources.source_records import read_records
from dermaflow.errors import SourceError
from dermaflow.params.sources import (
    HAM10000_IMAGES,
    HAM10000_METADATA,
    Ham10000Source,
    TableColumn,
)

LICENCE = "CC BY-NC 4.0"
_COLUMNS: dict[TableColumn, str] = {
    "image_id": "image_id",
    "lesion_id": "lesion_id",
    "label": "dx",
    "age": "age",
    "sex": "sex",
    "localization": "localization",
    "dx_type": "dx_type",
}


class Ham10000:
    """The two zips of images, the table, and the zip of lesion masks where it is there.

    A folder of a zip's name, into which it was unpacked, is as good: so the copy on Kaggle comes.

    Args:
        params: the folder, and how many images to take of it.
        key: of the section in conf, for error texts.
        unknown: words that mean that a value is not known.

    Raises:
        SourceError: the folder, a file or a column is missing, or a file is damaged.
    """

    def __init__(self, params: Ham10000Source, key: str, unknown: Collection[str]) -> None:
        key = f"{key}.folder or the environment variable DERMAFLOW_HAM10000_DIR"
        folder = Path(params.folder).expanduser()
        if not folder.is_dir():
            raise SourceError(
                f"there is no folder {folder}: set {key} to the one "
                f"that holds {', '.join(HAM10000_IMAGES)} and {HAM10000_METADATA}"
            )
        table = read_records(params.metadata, _COLUMNS, licence=LICENCE, key=key, unknown=unknown)
        table["image_type"] = "dermoscopic"
        table["file"] = table["image_id"] + ".jpg"
        self._listed = frozenset(table["file"].dropna())
        self._listed_masks = frozenset(map(_mask_of, table["image_id"].dropna()))
        self._records = table if params.limit is None else take_lesions(table, params.limit)
        for place in params.images:
            if not place.exists():
                raise SourceError(f"{place} is missing (see {key}), and so is a folder of its name")
            if place.suffix == ".zip" and not place.is_file():  # a pipe would be waited for
                raise SourceError(f"{place} is no file (see {key})")
        self._images = ImageFiles([str(place) for place in params.images], key)
        self._masks = ImageFiles([str(params.masks)], key) if params.masks.exists() else None

    def records(self) -> pd.DataFrame:
        """Rows in the order of the CSV."""
        return self._records.copy()

    def read(self, file: str) -> bytes:
        """JPEG as it lies in its zip or folder. Raises OSError."""
        return self._images.read(file)

    def read_mask(self, image_id: str) -> bytes | None:
        """PNG, 255 inside the lesion; None where there is none. Raises OSError."""
        try:
            return self._masks.read(_mask_of(image_id)) if self._masks else None
        except FileNotFoundError:
            return None

    def unlisted(self) -> list[str]:
        """Files that the CSV does not know, whatever ``limit`` leaves out."""
        masks = self._masks.names_without(self._listed_masks) if self._masks else []
        return self._images.names_without(self._listed) + masks


def _mask_of(image_id: str) -> str:
    return f"{image_id}_segmentation.png"


def take_lesions(records: pd.DataFrame, limit: int) -> pd.DataFrame:
    """The first ``limit`` images, lesion by lesion, the classes taking turns.

    Taking turns gives even a small limit every class. Within a class lesions come in the order of
    a hash of their name, which follows neither time nor clinic. Rows keep their order.
    """
    lesions = records.drop_duplicates("lesion_id")[["lesion_id", "label"]]
    order = lesions["lesion_id"].map(lambda name: hashlib.sha256(str(name).encode()).hexdigest())
    lesions = lesions.assign(order=order).sort_values("order", kind="stable")
    lesions["turn"] = lesions.groupby("label").cumcount()
    lesions = lesions.sort_values(["turn", "label"], kind="stable")
    place = pd.Series(range(len(lesions)), index=lesions["lesion_id"])
    chosen = records["lesion_id"].map(place).sort_values(kind="stable").index[:limit]
    return records.loc[sorted(chosen)].reset_index(drop=True)
