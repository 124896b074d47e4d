"""Nodes of the ingest stage."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from functools import partial

import pandas as pd
from tqdm import tqdm

from dermaflow.errors import SourceError
from dermaflow.ml.decoding import decode_image, decode_mask
from dermaflow.ml.image_store import ImageBatch, ImageStore, StoredImage
from dermaflow.ml.old_store import OldStore
from dermaflow.ml.preprocess import Preprocess
from dermaflow.ml.threads import map_in_threads
from dermaflow.params import ImageParams, IngestParams
from dermaflow.schema import DECODE_COLUMNS, RECORD_COLUMNS
from dermaflow.sources import ImageSource, open_source

logger = logging.getLogger(__name__)

# Images that a thread takes at a time.
_BLOCK = 8


def read_records(ingest: IngestParams, seed: int) -> tuple[pd.DataFrame, list[str]]:
    """List the source's images.

    Returns:
        One row an image (``RECORD_COLUMNS``), and the image files that no row lists.

    Raises:
        SourceError: the source's files are missing, or it lists no image.
    """
    source = open_source(ingest, seed)
    records = source.records()[list(RECORD_COLUMNS)]
    if records.empty:
        raise SourceError(f"the source lists no image (see ingest.{ingest.source})")
    unlisted = source.unlisted()
    counts = records["label"].value_counts()
    logger.info(
        "%s: %d images of %d lesions (%s), %d files that no row lists",
        ingest.source,
        len(records),
        records["lesion_id"].nunique(),
        ", ".join(f"{label} {count}" for label, count in counts.head(12).items()),
        len(unlisted),
    )
    return records, unlisted


def decode_images(
    raw_records: pd.DataFrame, ingest: IngestParams, image: ImageParams, seed: int
) -> ImageBatch:
    """Decode each image once, to the store's size, while the store is written.

    Images are consumed as a stream: a few are in memory at a time. Those whose bytes are in the
    store that is being replaced are read, but not decoded. Of rows that share an ``image_id`` the
    first is decoded; a row without one has nothing to be stored under.
    """
    preprocess = Preprocess(**image.model_dump())
    source = open_source(ingest, seed)
    files = _unique_images(raw_records)["file"]

    def decode(image_id: str, file: str | None, old: OldStore) -> StoredImage:
        return decode_image(image_id, partial(_read_file, source, file), preprocess, old)

    return ImageBatch(
        _stream(decode, files, "Decoding images"),
        (preprocess.height, preprocess.width, 3),
        ingest.shard_images,
        {"kind": "image", **preprocess.recipe()},
    )


def decode_masks(
    raw_records: pd.DataFrame, ingest: IngestParams, image: ImageParams, seed: int
) -> ImageBatch:
    """Decode the lesion masks to the store's size; images without one get no pixels."""
    preprocess = Preprocess(**image.model_dump())
    source = open_source(ingest, seed)
    files = _unique_images(raw_records)["file"]

    def decode(image_id: str, _: str | None, old: OldStore) -> StoredImage:
        return decode_mask(image_id, partial(source.read_mask, image_id), preprocess, old)

    return ImageBatch(
        _stream(decode, files, "Decoding masks"),
        (preprocess.height, preprocess.width, 1),
        ingest.shard_images,
        {"kind": "mask", **preprocess.recipe()},
    )


def build_raw_manifest(raw_records: pd.DataFrame, image_store: ImageStore) -> pd.DataFrame:
    """Add to each record what decoding told: ``RECORD_COLUMNS + DECODE_COLUMNS``.

    Rows that share an ``image_id`` all stay, for validate to judge. ``width`` and ``height`` are
    float64, since an image that could not be decoded has none.
    """
    decoded = image_store.index[["image_id", *DECODE_COLUMNS]]
    manifest = raw_records.merge(decoded, how="left", on="image_id", validate="m:1")
    numbers = ("width", "height", "brightness", "contrast")
    manifest = manifest.astype(dict.fromkeys(numbers, "float64"))
    manifest["error"] = manifest["error"].mask(manifest["image_id"].isna(), "no image_id")
    failed = int(manifest["error"].notna().sum())
    logger.info("%d images stored, %d rows without pixels", len(image_store), failed)
    return manifest


def _unique_images(raw_records: pd.DataFrame) -> pd.DataFrame:
    known = raw_records.dropna(subset="image_id")
    return known.drop_duplicates("image_id").set_index("image_id")


def _read_file(source: ImageSource, file: str | None) -> bytes:
    if pd.isna(file):
        raise FileNotFoundError("the row names no file")
    return source.read(str(file))


def _stream(
    decode: Callable[[str, str | None, OldStore], StoredImage], files: pd.Series, title: str
) -> Callable[[OldStore], Iterator[StoredImage]]:
    def images(old: OldStore) -> Iterator[StoredImage]:
        rows = tqdm(files.items(), desc=title, total=len(files), unit="image")
        return map_in_threads(lambda row: decode(row[0], row[1], old), rows, block=_BLOCK)

    return images
