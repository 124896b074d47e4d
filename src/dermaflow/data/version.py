"""Which data a result was made from, so that results of different data are never mixed."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pandas as pd

from dermaflow.errors import ValidationError
from dermaflow.schema import EXCLUDED, SPLITS

# What of a manifest decides a training: bytes of each image, its truth and its side.
VERSION_COLUMNS = ("image_id", "sha256", "label", "group_id", "split", "fold")


def data_version(manifest: pd.DataFrame) -> str:
    """Content hash of the images, their labels and their splits, whatever the rows' order.

    External images do not count: a model may be tested on new ones without being trained again.

    Returns:
        The first 16 hex digits of a SHA-256.
    """
    return images_version(manifest[manifest["split"].isin(SPLITS)])


def images_version(images: pd.DataFrame) -> str:
    """``data_version`` of some rows of a manifest alone, such as an external source's."""
    rows = images[list(VERSION_COLUMNS)].sort_values("image_id").to_csv(index=False)
    return hashlib.sha256(rows.encode()).hexdigest()[:16]


def version_of(manifest: pd.DataFrame) -> str:
    """The version that validate wrote into the manifest."""
    return str(manifest["data_version"].iloc[0])


def read_version(manifest: Path) -> str:
    """The version in a manifest's file, without reading the rest of it."""
    import pyarrow.parquet

    column = pyarrow.parquet.read_table(manifest, columns=["data_version"])["data_version"]
    return str(column[0])


def require_same_data(made_from: object, manifest: pd.DataFrame, what: str, stage: str) -> None:
    """Refuse what was made from another manifest: its training images may be test images here.

    Args:
        made_from: the data version that ``what`` recorded.
        manifest: as it is now.
        what: name of the thing, for the error.
        stage: which makes it anew.

    Raises:
        ValidationError: the versions differ.
    """
    now = version_of(manifest)
    if made_from != now:
        raise ValidationError(
            f"{what} was made from data {made_from}, but the manifest is {now}: its training "
            f"images may be test images now; run the {stage} stage again"
        )


def require_groups_on_one_side(manifest: pd.DataFrame) -> None:
    """Raise ValidationError where images of one group are in more than one split."""
    used = manifest[manifest["split"] != EXCLUDED]
    crossing = used.groupby("group_id")["split"].nunique().gt(1)
    if crossing.any():
        raise ValidationError(
            f"manifest: {crossing.sum()} groups are in more than one split, "
            f"{crossing.idxmax()!r} for one; run the validate stage again"
        )
