"""Ingest and validate as they are shipped, over a source, with all that came in and out."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from kedro.io import DataCatalog
from kedro.runner import SequentialRunner
from kedro_datasets.json import JSONDataset
from kedro_datasets.pandas import ParquetDataset

from conf_params import params_of
from dermaflow.data.images.image_store import ImageStore
from dermaflow.datasets import ImageStoreDataset, PreviousStoreDataset
from dermaflow.params.ingest import IngestParams
from dermaflow.params.validate import ValidateParams
from dermaflow.pipelines import ingest
from dermaflow.pipelines.stage_pipeline import stage_pipeline

CLASSES = ["akiec", "bcc", "bkl", "df", "mel", "nv", "vasc"]
LABELS = params_of(
    "labels", {"scheme": "codes", "schemes": {"codes": {code: [] for code in CLASSES}}}
)
HEIGHT, WIDTH = 64, 96
MAX_BYTES, MAX_PIXELS = 300_000, 1_000_000
TABLES = ("raw_records", "raw_manifest", "clean_manifest", "quarantine")
STORES = ("image_store", "mask_store", "picture_features")


@dataclass(frozen=True)
class Outcome:
    """What the two stages made of a source."""

    records: pd.DataFrame
    unlisted: list[str]
    images: ImageStore
    masks: ImageStore
    clean: pd.DataFrame
    quarantine: pd.DataFrame
    report: dict
    page: str

    def fate(self, image_id: str) -> str:
        """``stored``, or all reasons why it is not, one a line."""
        reasons = self.quarantine.loc[self.quarantine["image_id"] == image_id, "reason"]
        if image_id in set(self.clean["image_id"]):
            return "\n".join(["stored", *reasons])
        return "\n".join(reasons)

    def fate_of_file(self, file: str) -> str:
        """All reasons why a file is in quarantine."""
        return "\n".join(self.quarantine.loc[self.quarantine["file"] == file, "reason"])

    def pixels(self, image_id: str) -> np.ndarray:
        """Stored pixels, (H, W, 3)."""
        return self.images.read([image_id])[0]


def describe_ingest(source: dict) -> IngestParams:
    """Parameters that use one source."""
    changes = {"train": "clinic", "external": [], "sources": {"clinic": source}}
    ingest: IngestParams = params_of("ingest", changes)
    return ingest


def run_stages(target: Path, source: dict, params: ValidateParams) -> Outcome:
    """Run both stages as far as the quarantine, writing into ``target`` as the catalog does."""
    catalog = DataCatalog(
        {name: ParquetDataset(filepath=str(target / f"{name}.parquet")) for name in TABLES}
        | {name: ImageStoreDataset(filepath=str(target / name)) for name in STORES}
        | {f"previous_{name}": PreviousStoreDataset(filepath=str(target / name)) for name in STORES}
        | {"unlisted_files": JSONDataset(filepath=str(target / "unlisted_files.json"))}
        | {"validation_report": JSONDataset(filepath=str(target / "report.json"))}
    )
    catalog["params:ingest"] = describe_ingest(source)
    catalog["params:labels"] = LABELS
    catalog["params:image"] = params_of(
        "image",
        {"height": HEIGHT, "width": WIDTH, "max_bytes": MAX_BYTES, "max_pixels": MAX_PIXELS},
    )
    catalog["params:seed"] = 17
    catalog["params:validate"] = params
    catalog["classes"] = CLASSES
    runner = SequentialRunner()
    runner.run(ingest.create_pipeline(), catalog)
    pages = runner.run(stage_pipeline("validate").to_outputs("data_docs"), catalog)["data_docs"]
    return Outcome(
        records=catalog.load("raw_records"),
        unlisted=json.loads((target / "unlisted_files.json").read_text())["clinic"],
        images=catalog.load("image_store"),
        masks=catalog.load("mask_store"),
        clean=catalog.load("clean_manifest"),
        quarantine=catalog.load("quarantine"),
        report=catalog.load("validation_report"),
        page=pages.load()["index.html"].decode(),
    )
