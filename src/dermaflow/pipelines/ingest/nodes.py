"""Nodes of the ingest stage."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

import pandas as pd

from dermaflow.data.duplicates.describe import describe_file, features_recipe, record_shape
from dermaflow.data.images.decoding import decode_image, decode_mask
from dermaflow.data.images.finished_shards import PixelsInShard
from dermaflow.data.images.image_store import ImageBatch, ImageStore, StoredImage
from dermaflow.data.images.preprocess import Preprocess
from dermaflow.data.images.previous_store import PreviousStore
from dermaflow.data.sources import SourceSet
from dermaflow.data.sources.label_words import translate_labels, warn_of_unknown_words
from dermaflow.io.progress import Progress
from dermaflow.io.text import one_line
from dermaflow.io.threads import map_in_threads
from dermaflow.params.image import ImageParams
from dermaflow.params.ingest import IngestParams
from dermaflow.params.labels import LabelParams
from dermaflow.schema import DECODE_COLUMNS

logger = logging.getLogger(__name__)

# Images that a thread takes at a time.
_BLOCK = 8


class _Row(NamedTuple):
    """What of a record says where an image is."""

    image_id: str
    source: str
    file: str | None


def list_classes(labels: LabelParams) -> list[str]:
    """Codes of the label scheme in use, in the order of the model's outputs."""
    return labels.classes


def read_records(
    ingest: IngestParams, labels: LabelParams, seed: int
) -> tuple[pd.DataFrame, dict[str, list[str]]]:
    """List the sources' images, labels as the label scheme has them.

    A word that the scheme does not know stays as it is, for validate to judge.

    Returns:
        One row an image (``RECORD_COLUMNS``), and of each source the image files that no row lists.

    Raises:
        SourceError: a source's files are missing, or it lists no image.
    """
    sources = SourceSet(ingest, seed)
    records = sources.records()
    records["label"] = translate_labels(records["label"], labels)
    warn_of_unknown_words(records, labels)
    unlisted = sources.unlisted()
    for (name, role), rows in records.groupby(["source", "role"], sort=False):
        counts = rows["label"].value_counts()
        logger.info(
            "%s%s: %d images of %d lesions (%s), %d files that no row lists",
            name,
            " (external)" if role == "external" else "",
            len(rows),
            rows["lesion_id"].nunique(),
            ", ".join(f"{one_line(label, 40)} {count}" for label, count in counts.head(12).items()),
            len(unlisted[name]),
        )
    return records, unlisted


def decode_images(
    raw_records: pd.DataFrame,
    ingest: IngestParams,
    image: ImageParams,
    seed: int,
    previous: PreviousStore,
) -> ImageBatch:
    """Decode each image once, to the store's size, as the batch is consumed.

    A few images are in memory at a time. Those whose bytes are in the previous store are read, but
    not decoded. Of rows that share an ``image_id`` the first is decoded; a row without one has
    nothing to be stored under.
    """
    preprocess = Preprocess(**image.model_dump())
    sources = SourceSet(ingest, seed)
    shape = (preprocess.height, preprocess.width, 3)
    recipe = {"kind": "image", **preprocess.recipe()}
    known = previous.matching(recipe, shape)

    def decode(row: _Row) -> StoredImage:
        return decode_image(row.image_id, partial(_read_file, sources, row), preprocess, known)

    images = _stream(decode, raw_records, "Decoding images")
    return ImageBatch(images, shape, ingest.shard_images, recipe)


def decode_masks(
    raw_records: pd.DataFrame,
    ingest: IngestParams,
    image: ImageParams,
    seed: int,
    image_store: ImageStore,
    previous: PreviousStore,
) -> ImageBatch:
    """Decode the lesion masks like the images; images without one get no pixels.

    A mask whose proportions are not its image's is refused: cut and scaled, it would lie elsewhere.
    """
    preprocess = Preprocess(**image.model_dump())
    sources = SourceSet(ingest, seed)
    decoded = image_store.index.reindex(columns=["image_id", "width", "height"]).dropna()
    sizes = {row.image_id: (row.width, row.height) for row in decoded.itertuples()}
    shape = (preprocess.height, preprocess.width, 1)
    recipe = {"kind": "mask", **preprocess.recipe()}
    known = previous.matching(recipe, shape)

    def decode(row: _Row) -> StoredImage:
        read = partial(sources.read_mask, row.source, row.image_id)
        return decode_mask(row.image_id, read, preprocess, known, sizes.get(row.image_id))

    masks = _stream(decode, raw_records, "Decoding masks")
    return ImageBatch(masks, shape, ingest.shard_images, recipe)


def describe_images(
    raw_records: pd.DataFrame,
    image_store: ImageStore,
    ingest: IngestParams,
    image: ImageParams,
    seed: int,
    previous: PreviousStore,
) -> ImageBatch:
    """Find the features by which validate recognises a lesion, as the batch is consumed.

    They are found in the original at a size of their own, so that they stay as they are when images
    are stored at another size. Images whose features are known are not even read.
    """
    size, count = ingest.features.side, ingest.features.keypoints
    preprocess = Preprocess(**image.model_dump() | {"height": size, "width": size})
    sources = SourceSet(ingest, seed)
    recipe = features_recipe(preprocess, count)
    known = previous.matching(recipe, record_shape(count))
    index = image_store.index
    hashes = index.loc[index["row"] >= 0].set_index("image_id").get("sha256", pd.Series())

    def describe(row: _Row) -> StoredImage:
        read = partial(_read_file, sources, row)
        return describe_file(row.image_id, hashes[row.image_id], read, preprocess, count, known)

    stored = raw_records[raw_records["image_id"].isin(hashes.index)]
    features = _stream(describe, stored, "Looking for features")
    return ImageBatch(features, record_shape(count), ingest.shard_images, recipe)


def build_raw_manifest(raw_records: pd.DataFrame, image_store: ImageStore) -> pd.DataFrame:
    """Add to each record what decoding told: ``RECORD_COLUMNS + DECODE_COLUMNS``.

    Rows that share an ``image_id`` all stay, for validate to judge. ``width`` and ``height`` are
    float64, since an image that could not be decoded has none.
    """
    # Without any image the store knows no columns.
    decoded = image_store.index.reindex(columns=["image_id", *DECODE_COLUMNS])
    manifest = raw_records.merge(decoded, how="left", on="image_id", validate="m:1")
    numbers = ("width", "height", "brightness", "contrast", "two_greys")
    manifest = manifest.astype(dict.fromkeys(numbers, "float64"))
    manifest["error"] = manifest["error"].mask(manifest["image_id"].isna(), "no image_id")
    failed = int(manifest["error"].notna().sum())
    logger.info("%d images stored, %d rows without pixels", len(image_store), failed)
    return manifest


def _read_file(sources: SourceSet, row: _Row) -> bytes:
    if pd.isna(row.file):
        raise FileNotFoundError("the row names no file")
    return sources.read(row.source, str(row.file))


def _stream(
    decode: Callable[[_Row], StoredImage], raw_records: pd.DataFrame, title: str
) -> Iterator[StoredImage]:
    """Decode a picture for each image_id, on all processors, as they are asked for."""
    listed = raw_records.dropna(subset="image_id").drop_duplicates("image_id")
    rows = listed[list(_Row._fields)].itertuples(index=False, name=None)
    shown = Progress(map(_Row._make, rows), desc=title, total=len(listed), unit="image")
    stored = taken_over = 0
    for image in map_in_threads(decode, shown, block=_BLOCK):
        stored += image.pixels is not None
        taken_over += isinstance(image.pixels, PixelsInShard)
        yield image
    if taken_over:
        logger.info("%d of %d images taken over undecoded", taken_over, stored)
