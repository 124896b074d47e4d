"""HAM10000 as downloaded (Tschandl et al. 2018, doi:10.1038/sdata.2018.161)."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from functools import cached_property
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

    Table, images and masks are opened when they are first asked for: each stage's node that reads
    bytes needs one of them, and opening all takes as long as some hundred images.

    Raises:
        SourceError: the folder or the images are missing. When they are opened: a file or a column
            is missing, or a file is damaged.
    """

    def __init__(self, params: Ham10000Source, key: str, unknown: Collection[str]) -> None:
        key = f"{key}.folder or the environment variable DERMAFLOW_HAM10000_DIR"
        folder = Path(params.folder).expanduser()
        if not folder.is_dir():
            raise SourceError(
                f"there is no folder {folder}: set {key} to the one "
                f"that holds {', '.join(HAM10000_IMAGES)} and {HAM10000_METADATA}"
            )
        for place in params.images:
            if not place.exists():
                raise SourceError(f"{place} is missing (see {key}), and so is a folder of its name")
            if place.suffix == ".zip" and not place.is_file():  # a pipe would be waited for
                raise SourceError(f"{place} is no file (see {key})")
        self._params, self._key, self._unknown = params, key, unknown

    @cached_property
    def _table(self) -> pd.DataFrame:
        table = read_records(
            self._params.metadata, _COLUMNS, licence=LICENCE, key=self._key, unknown=self._unknown
        )
        return table.assign(image_type="dermoscopic", file=table["image_id"] + ".jpg")

    @cached_property
    def _images(self) -> ImageFiles:
        return ImageFiles([str(place) for place in self._params.images], self._key)

    @cached_property
    def _masks(self) -> ImageFiles | None:
        masks = self._params.masks
        return ImageFiles([str(masks)], self._key) if masks.exists() else None

    def records(self) -> pd.DataFrame:
        """Rows in the order of the CSV."""
        limit = self._params.limit
        return self._table.copy() if limit is None else take_lesions(self._table, limit)

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
        images = self._images.names_without(self._table["file"].dropna())
        if self._masks is None:
            return images
        known = map(_mask_of, self._table["image_id"].dropna())
        return images + self._masks.names_without(known)


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
