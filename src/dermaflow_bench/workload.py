"""What is measured on: a bounded number of the configured source's images, as files and stored."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import pandas as pd
from PIL import Image

from dermaflow.data.images.image_store import ImageStore, write_image_store
from dermaflow.data.images.preprocess import Preprocess
from dermaflow.data.images.previous_store import PreviousStore
from dermaflow.data.sources.phantoms.source import LICENCE, Phantoms
from dermaflow.params.ingest import IngestParams
from dermaflow.params.parameters import Parameters
from dermaflow.params.sources import Ham10000Source, PhantomSource, TableColumn, TableSource
from dermaflow.pipelines.ingest.nodes import decode_images, read_records
from dermaflow_bench.bench_config import BenchConfig


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
        constancy = self.parameters.train.colour_constancy
        return Preprocess(**self.parameters.image.model_dump(), colour_constancy=constancy)


def prepare_workload(parameters: Parameters, config: BenchConfig, folder: Path) -> Workload:
    """Draw or find the images, and store them in ``folder``. Raises SourceError."""
    ingest = _bound_sources(parameters, config, folder)
    parameters = parameters.model_copy(update={"ingest": ingest})
    records = read_records(ingest, parameters.labels, parameters.seed)[0].head(config.images)
    path = folder / "store"
    settings = (records, ingest, parameters.image, parameters.seed)
    write_image_store(path, decode_images(*settings, PreviousStore(path)))
    store = ImageStore(path)
    known = records["label"].isin(parameters.labels.classes) & records["image_id"].isin(
        store.index.loc[store.index["row"] >= 0, "image_id"]
    )
    images = records.loc[known, ["image_id", "label"]].drop_duplicates("image_id")
    return Workload(parameters, config, folder, store, images.reset_index(drop=True))


def _bound_sources(parameters: Parameters, config: BenchConfig, folder: Path) -> IngestParams:
    """The first source to train on, with fewer images. Phantoms, drawn when read, become files."""
    ingest = parameters.ingest
    name = ingest.train[0]
    source = ingest.sources[name]
    if isinstance(source, PhantomSource):
        source = _write_phantoms(source, parameters.seed, config, folder)
    elif isinstance(source, Ham10000Source):
        limit = min(config.images, source.limit or config.images)
        source = source.model_copy(update={"limit": limit})
    changes = {"train": [name], "external": [], "sources": ingest.sources | {name: source}}
    return ingest.model_copy(update=changes)


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
    return TableSource(
        kind="table",
        table=str(folder / "images.parquet"),
        images=str(images),
        masks=str(masks),
        columns={name: name for name in get_args(TableColumn)},
        licence=LICENCE,
    )


def _enlarge(encoded: bytes, side: int) -> Image.Image:
    with Image.open(io.BytesIO(encoded)) as picture:
        return picture.resize((side, side), Image.Resampling.BICUBIC)
