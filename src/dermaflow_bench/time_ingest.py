"""The ingest stage beside the decoding and resizing of the same files alone."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from statistics import median

from dermaflow.data.sources import SourceSet
from dermaflow.io.processors import processors
from dermaflow.params.image import ImageParams
from dermaflow_bench.bare_decoding import decode_bare
from dermaflow_bench.ingest_job import IngestJob, run_ingest
from dermaflow_bench.timing import time_pairs
from dermaflow_bench.workload import Workload


@dataclass(frozen=True)
class EncodedFiles:
    """The bytes of images, and of the masks there are."""

    images: list[bytes]
    masks: list[bytes]


def measure_ingest(workload: Workload) -> Iterator[str]:
    """Lines on the stage, from records to stores of images and masks and the manifest."""
    size = workload.parameters.image
    files = read_files(workload)
    found = time_pairs(
        first=lambda: decode_in_threads(files, size),
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
    sources = SourceSet(params, seed)
    records = sources.records().head(workload.config.images)
    masks = [
        sources.read_mask(*row) for row in zip(records["source"], records["image_id"], strict=True)
    ]
    images = [sources.read(*row) for row in zip(records["source"], records["file"], strict=True)]
    return EncodedFiles(images, [mask for mask in masks if mask])


def decode_in_threads(files: EncodedFiles, size: ImageParams) -> None:
    """Pillow alone, on as many threads as the stage uses; results are dropped."""
    with ThreadPoolExecutor(processors()) as pool:
        for mode, encoded in (("RGB", files.images), ("L", files.masks)):
            work = partial(decode_bare, size=(size.width, size.height), mode=mode)
            for _ in pool.map(work, encoded):
                pass


def ingest(workload: Workload) -> None:
    """The stage's nodes, writing to scratch as its datasets do."""
    parameters = workload.parameters
    folder = workload.folder / "again"
    shutil.rmtree(folder, ignore_errors=True)  # nothing is to be taken over
    folder.mkdir()
    job = IngestJob(
        ingest=parameters.ingest,
        labels=parameters.labels,
        image=parameters.image,
        seed=parameters.seed,
        folder=str(folder),
        limit=workload.config.images,
    )
    run_ingest(job)
