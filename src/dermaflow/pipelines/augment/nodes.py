"""Nodes of the augment stage: a DCGAN for each minority class, fitted on training rows only."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dermaflow.data.images.image_store import ImageStore
from dermaflow.ml.models.weights import Weights
from dermaflow.ml.synthesis.fill_classes import fit_missing
from dermaflow.ml.training.working_folder import WorkingFolder
from dermaflow.params.augment import AugmentParams
from dermaflow.tracking.mlflow_sink import current_sink


def fit_generators(
    manifest: pd.DataFrame,
    image_store: ImageStore,
    augment: AugmentParams,
    classes: list[str],
    seed: int,
    checkpoints: WorkingFolder,
) -> tuple[Weights, dict[str, NDArray[np.uint8]]]:
    """Fit a generator for every class that is below its target count.

    Classes that an interrupted run of the same has finished are not fitted again.

    Returns:
        The averaged generators, keys ``<class>/<tensor>``, and their progress grids, uint8
        (rows, columns, S, S, 3) a class. Both are empty where nothing is to be filled up.
    """
    log = current_sink().log
    return fit_missing(manifest, image_store, augment, classes, seed, checkpoints, log)


def measure_synthesis(
    manifest: pd.DataFrame,
    image_store: ImageStore,
    synthetic_manifest: pd.DataFrame,
    synthetic_store: ImageStore,
    synthetic_copies: pd.DataFrame,
) -> dict[str, Any]:
    """Counts, diversity and closeness to training images of each synthetic class."""
    from dermaflow.ml.synthesis.quality import compare_sets

    train = manifest[manifest["split"] == "train"]
    report: dict[str, Any] = {"classes": {}}
    for code, rows in synthetic_manifest.groupby("label"):
        real = image_store.read(train.loc[train["label"] == code, "image_id"].tolist())
        synthetic = synthetic_store.read(rows["image_id"].tolist())
        report["classes"][code] = {
            "real": len(real),
            "synthetic": len(synthetic),
            **compare_sets(real, synthetic),
        }
    report["synthetic"] = len(synthetic_manifest)
    report["copies_of_real"] = int(synthetic_copies["image_a"].nunique())
    return report
