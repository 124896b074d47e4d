"""What is measured on: a bounded number of the configured source's images, as files and stored."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from PIL import Image

from dermaflow.bench.config import BenchConfig
from dermaflow.ml.image_store import ImageStore, write_image_store
from dermaflow.ml.preprocess import Preprocess
from dermaflow.params import IngestParams, Parameters, PhantomSource, TableSource
from dermaflow.pipelines.ingest.nodes import decode_images, read_records
from dermaflow.schema import RECORD_COLUMNS
from dermaflow.sources.phantoms import LICENCE, Phantoms


@dataclass(frozen=True)
class Workload:
    """What all measurements share.

    Attributes:
        parameters: of the stages; ``ingest`` names encoded files, also for phantoms.
        config: how much is measured.
        folder: scratch.
        images: of the store, with pixels and a known class (columns image_id, label).
    """

    parameters: Parameters
    config: BenchConfig
    folder: Path
    store: ImageStore
    images: pd.DataFrame

    @property
    def preprocess(self) -> Preprocess:
        """As the train stage makes it."""
        return Preprocess(**self.parameters.image.model_dump())


def prepare_workload(parameters: Parameters, config: BenchConfig, folder: Path) -> Workload:
    """Draw or find the images, and store them in ``folder``. Raises SourceError."""
    ingest = _bound_source(parameters.ingest, parameters.seed, config, folder)
    parameters = parameters.model_copy(update={"ingest": ingest})
    records = read_records(ingest, parameters.seed)[0].head(config.images)
    path = folder / "store"
    write_image_store(path, decode_images(records, ingest, parameters.image, parameters.seed))
    store = ImageStore(path)
    known = records["label"].isin(parameters.classes) & records["image_id"].isin(
        store.index.loc[store.index["row"] >= 0, "image_id"]
    )
    images = records.loc[known, ["image_id", "label"]].drop_duplicates("image_id")
    return Workload(parameters, config, folder, store, images.reset_index(drop=True))


def _bound_source(
    ingest: IngestParams, seed: int, config: BenchConfig, folder: Path
) -> IngestParams:
    """The same source with fewer images. Phantoms, drawn anew whenever read, become files."""
    if ingest.source == "phantoms" and ingest.phantoms:
        table = _write_phantoms(ingest.phantoms, seed, config, folder)
        return ingest.model_copy(update={"source": "table", "table": table})
    if ingest.source == "ham10000" and ingest.ham10000:
        limit = min(config.images, ingest.ham10000.limit or config.images)
        bounded = ingest.ham10000.model_copy(update={"limit": limit})
        return ingest.model_copy(update={"ham10000": bounded})
    return ingest


def _write_phantoms(
    params: PhantomSource, seed: int, config: BenchConfig, folder: Path
) -> TableSource:
    """Phantoms as large as photographs: at their own 96 pixels, decoding would take no time."""
    phantoms = Phantoms(params.model_copy(update={"planted_faults": False}), seed)
    records = phantoms.records().head(config.images)
    images, masks = folder / "images", folder / "masks"
    images.mkdir()
    masks.mkdir()
    for image_id, file in zip(records["image_id"], records["file"], strict=True):
        _enlarge(phantoms.read(file), config.phantom_side).save(images / file, quality=92)
        mask = phantoms.read_mask(image_id)
        assert mask is not None, "only planted faults have none"
        _enlarge(mask, config.phantom_side).save(masks / f"{image_id}.png")
    records.to_parquet(folder / "images.parquet", index=False)
    columns = set(RECORD_COLUMNS) - {"source", "licence"}
    return TableSource(
        name="phantoms",
        table=str(folder / "images.parquet"),
        images=str(images),
        masks=str(masks),
        columns={name: name for name in columns},
        labels={},
        licence=LICENCE,
    )


def _enlarge(encoded: bytes, side: int) -> Image.Image:
    with Image.open(io.BytesIO(encoded)) as picture:
        return picture.resize((side, side), Image.Resampling.BICUBIC)
