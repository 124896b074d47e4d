"""The ingest stage's nodes that decode, without Kedro; as a module, in a process of their own."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from dermaflow.data.images.image_store import ImageStore, write_image_store
from dermaflow.data.images.previous_store import PreviousStore
from dermaflow.params.base import Params, PositiveInt
from dermaflow.params.image import ImageParams
from dermaflow.params.ingest import IngestParams
from dermaflow.params.labels import LabelParams
from dermaflow.pipelines.ingest.nodes import (
    build_raw_manifest,
    decode_images,
    decode_masks,
    read_records,
)


class IngestJob(Params):
    """What is ingested, and where to."""

    ingest: IngestParams
    labels: LabelParams
    image: ImageParams
    seed: int
    folder: str
    limit: PositiveInt | None = None  # take the first records up to this many; None: all


def run_ingest(job: IngestJob) -> None:
    """The stage's nodes but for the one that looks for features, writing as its datasets do."""
    folder = Path(job.folder)
    records = read_records(job.ingest, job.labels, job.seed)[0].head(job.limit or sys.maxsize)
    records.to_parquet(folder / "raw_records.parquet")
    settings = (records, job.ingest, job.image, job.seed)
    for_images, for_masks = folder / "image_store", folder / "mask_store"
    write_image_store(for_images, decode_images(*settings, PreviousStore(for_images)))
    images = ImageStore(for_images)
    write_image_store(for_masks, decode_masks(*settings, images, PreviousStore(for_masks)))
    manifest = build_raw_manifest(records, images)
    manifest.to_parquet(folder / "raw_manifest.parquet")


def main(path: str) -> None:
    """Run the job described in a JSON file; prints its ``wall`` and ``cpu`` seconds as JSON."""
    job = IngestJob.model_validate_json(Path(path).read_text(encoding="utf-8"))
    wall, cpu = time.perf_counter(), time.process_time()
    run_ingest(job)
    cost = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    sys.stdout.write(json.dumps(cost) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
