"""The data that a run stands on, as MLflow's data sets: one per side of the split."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
from mlflow.entities import Dataset, DatasetInput, InputTag
from mlflow.utils.mlflow_tags import MLFLOW_DATASET_CONTEXT

from dermaflow.data.version import VERSION_COLUMNS, images_version, version_of
from dermaflow.schema import EXTERNAL, SPLITS


def data_inputs(manifest: Path, shown: str) -> list[DatasetInput]:
    """Data sets for ``MlflowClient.log_inputs``, without an image or an id in them.

    Args:
        manifest: file of the data set of that name.
        shown: its path in the project.

    Returns:
        One per side of the split that has images, and one per external source. Its name is that of
        the sources and the side, its context the side, its digest the data version, and its profile
        counts images, groups (lesions, or patients where they are known) and classes.
    """
    table = pd.read_parquet(manifest, columns=[*VERSION_COLUMNS, "data_version", "source"])
    digest = version_of(table)
    own = table[table["split"].isin(SPLITS)]
    sources = "+".join(sorted(own["source"].unique()))
    by_split = own.groupby("split")
    inputs = [
        _describe(f"{sources} {split}", split, digest, shown, by_split.get_group(split))
        for split in SPLITS
        if split in by_split.groups
    ]
    for source, images in table[table["split"] == EXTERNAL].groupby("source"):
        version = images_version(images)  # the data version leaves them out
        inputs.append(_describe(f"{source} {EXTERNAL}", EXTERNAL, version, shown, images))
    return inputs


def _describe(
    name: str, context: str, digest: str, shown: str, images: pd.DataFrame
) -> DatasetInput:
    counts = images["label"].value_counts()
    profile = {
        "num_rows": len(images),
        "groups": int(images["group_id"].nunique()),
        **{str(code): int(count) for code, count in counts.sort_index().items()},
    }
    dataset = Dataset(
        name=name,
        digest=digest,
        source_type="local",
        source=json.dumps({"uri": shown}),
        profile=json.dumps(profile),
    )
    return DatasetInput(dataset, [InputTag(MLFLOW_DATASET_CONTEXT, context)])
