"""The ingest stage beside the decoding and resizing of the same files alone."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from math import ceil
from statistics import median

from PIL import Image, ImageOps

from dermaflow.bench.timing import time_pairs
from dermaflow.bench.workload import Workload
from dermaflow.ml.image_store import ImageStore, write_image_store
from dermaflow.ml.preprocess import JPEG_MARGIN
from dermaflow.ml.threads import processors
from dermaflow.params import ImageParams
from dermaflow.pipelines.ingest.nodes import (
    build_raw_manifest,
    decode_images,
    decode_masks,
    read_records,
)
from dermaflow.sources import open_source


@dataclass(frozen=True)
class EncodedFiles:
    """The bytes of images, and of the masks there are."""

    images: list[bytes]
    masks: list[bytes]


def measure_ingest(workload: Workload) -> Iterator[str]:
    """Lines on the whole stage, from records to stores of images and masks and the manifest."""
    size = workload.parameters.image
    files = read_files(workload)
    found = time_pairs(
        first=lambda: decode_bare(files, size),
        second=lambda: ingest(workload),
        pairs=workload.config.pairs,
        seconds=workload.config.seconds,
    )
    yield (
        f"# ingest: {len(found.ratios)} pairs of {len(files.images)} images and "
        f"{len(files.masks)} masks to {size.width}x{size.height}, {processors()} threads"
    )
    yield from found.lines("ingest_ceiling_ratio")
    yield f"ingest_images_per_s: {len(files.images) / median(found.second):.0f}"


def read_files(workload: Workload) -> EncodedFiles:
    """What the stage reads, in memory."""
    params, seed = workload.parameters.ingest, workload.parameters.seed
    source = open_source(params, seed)
    records = source.records().head(workload.config.images)
    masks = [source.read_mask(image_id) for image_id in records["image_id"]]
    return EncodedFiles(
        [source.read(file) for file in records["file"]], [mask for mask in masks if mask]
    )


def decode_bare(files: EncodedFiles, size: ImageParams) -> None:
    """Pillow alone, on as many threads as the stage uses; results are dropped."""
    with ThreadPoolExecutor(processors()) as pool:
        for mode, encoded in (("RGB", files.images), ("L", files.masks)):
            for _ in pool.map(partial(_decode, mode=mode, size=(size.width, size.height)), encoded):
                pass


def _decode(encoded: bytes, mode: str, size: tuple[int, int]) -> None:
    with Image.open(io.BytesIO(encoded)) as image:
        if mode == "RGB":  # a JPEG at a fraction of its size, as the stage has it; else nothing
            image.draft(None, (ceil(JPEG_MARGIN * size[0]), ceil(JPEG_MARGIN * size[1])))
        ImageOps.fit(image.convert(mode), size, Image.Resampling.BILINEAR)


def ingest(workload: Workload) -> None:
    """The stage's nodes, writing to scratch as its datasets do."""
    params, seed = workload.parameters.ingest, workload.parameters.seed
    size = workload.parameters.image
    records = read_records(params, seed)[0].head(workload.config.images)
    for name, decode in (("masks_again", decode_masks), ("images_again", decode_images)):
        shutil.rmtree(workload.folder / name, ignore_errors=True)  # nothing is to be taken over
        write_image_store(workload.folder / name, decode(records, params, size, seed))
    manifest = build_raw_manifest(records, ImageStore(workload.folder / "images_again"))
    manifest.to_parquet(workload.folder / "raw_manifest.parquet")
